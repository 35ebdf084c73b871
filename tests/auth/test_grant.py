"""Whoever makes a key gives away nothing that it has not got itself."""

import pytest

from hub.auth.grant import check_grant
from hub.errors import Forbidden
from hub.model.principal import Principal
from hub.model.scope import EVENTS_READ, JOBS_ANY, JOBS_READ, SCOPES, TOKENS_MANAGE

ADMIN = Principal("root", ("admin",), SCOPES)
SOME = frozenset({TOKENS_MANAGE, EVENTS_READ})
ANNA = Principal("anna", ("user",), SOME, ("orders.*", "jobs"))


@pytest.mark.parametrize(
    ("giver", "given"),
    [
        pytest.param(ADMIN, ADMIN._replace(name="other"), id="an admin gives everything"),
        pytest.param(ADMIN, Principal("bob", ("viewer",), SOME, ("a",)), id="and less"),
        pytest.param(ANNA, ANNA, id="the same"),
        pytest.param(ANNA, ANNA._replace(roles=(), scopes=frozenset()), id="nothing"),
        pytest.param(ANNA, ANNA._replace(channels=("orders.eu", "orders.*.x*")), id="narrower"),
        pytest.param(ANNA, ANNA._replace(channels=()), id="no channels"),
        pytest.param(
            ANNA._replace(scopes=SOME | {JOBS_ANY}),
            ANNA._replace(name="bob"),
            id="another name by who sees all jobs anyway",
        ),
    ],
)
def test_what_one_has_may_be_given(giver: Principal, given: Principal) -> None:
    """All of it or less."""
    check_grant(giver, given)


@pytest.mark.parametrize(
    ("giver", "given", "why"),
    [
        pytest.param(ANNA, ANNA._replace(scopes=SOME | {JOBS_READ}), JOBS_READ, id="a scope"),
        pytest.param(ANNA, ANNA._replace(roles=("user", "admin")), "admin", id="a role"),
        pytest.param(ANNA, ANNA._replace(name="bob"), "your own name", id="the name of another"),
        pytest.param(ANNA, ANNA._replace(channels=None), "channels", id="any channel"),
        pytest.param(ANNA, ANNA._replace(channels=("*",)), "channels", id="a star"),
        pytest.param(ANNA, ANNA._replace(channels=("orders*",)), "channels", id="a wider star"),
        pytest.param(
            ANNA, ANNA._replace(channels=("jobs", "alerts")), "channels", id="one channel more"
        ),
        pytest.param(
            ANNA._replace(channels=("a.b",)), ANNA._replace(channels=("aXb",)), "channels",
            id="a dot is a dot",
        ),
        pytest.param(
            ADMIN._replace(scopes=SOME), ADMIN, "scopes", id="an admin whose key was narrowed"
        ),
    ],
)  # fmt: skip
def test_more_is_refused(giver: Principal, given: Principal, why: str) -> None:
    """With what it is that was too much."""
    with pytest.raises(Forbidden, match=why):
        check_grant(giver, given)
