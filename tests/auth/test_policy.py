"""The policy: who may do what, as one table."""

import re
from typing import get_args

import pytest
from hypothesis import given, strategies as st

from hub.auth import policy
from hub.auth.policy import Deed, Verdict, demand, judge, owner_shown, visible
from hub.errors import Forbidden
from hub.model import scope as s
from hub.realtime.commands import Command
from hub.services.definitions import Role
from hub.transports.http.route import Route
from support.principals import principal
from support.route_table import all_routes

# Each route, and the roles that may ask it; nobody else may. In the order of `ROLES`:
# admin, operator, publisher, agent, service, user, viewer.
EVERYBODY = "AOPGSUV"
WHO = {
    "updateContract": "AP",
    "testContractUpdate": "AP",
    "readContractHistory": "AOGSUV",
    "countContracts": "AOUV",
    "countConnections": "AOUV",
    "updateContractUnderApi": "AP",
    "testContractUpdateUnderApi": "AP",
    "readContractHistoryUnderApi": "AOGSUV",
    "countContractsUnderApi": "AOUV",
    "countConnectionsUnderApi": "AOUV",
    "createJob": "AOSU",
    "listJobs": "AOGSUV",
    "reportJobStatus": "AOGS",
    "getJob": "AOGSUV",
    "completeJob": "AOGS",
    "answerJob": "AOSU",
    "uploadArtifact": "AOGS",
    "downloadArtifact": "AOGSUV",
    "followEvents": "AOGSUV",
    "listChannels": "AOUV",
    "getChannel": "AOUV",
    "defineChannel": "AO",
    "readChannelHistory": "AOGSUV",
    "publishEvents": "AOP",
    "checkHealth": EVERYBODY,
    "checkReadiness": EVERYBODY,
    "readMetrics": "AO",
    "traceEvent": "AO",
    "listConnections": "AO",
    "readStats": "AOUV",
    "closeConnection": "AO",
    "createToken": "A",
    "listTokens": "A",
    "getToken": "A",
    "rotateToken": "A",
    "revokeToken": "A",
    "listRevocations": "A",
    "revoke": "A",
    "liftRevocation": "A",
    "createTicket": "AOGSUV",
    "readAudit": "A",
    "readAuditSeals": "A",
    "listAlerts": "AOV",
    # Those who manage their own; whose a webhook is, is asked when it has been found.
    **dict.fromkeys(
        (
            "createWebhook",
            "listWebhooks",
            "getWebhook",
            "changeWebhook",
            "removeWebhook",
            "rotateWebhookSecret",
            "testWebhook",
            "pauseWebhook",
            "resumeWebhook",
            "listDeliveries",
            "listAttempts",
            "listReceipts",
            "getDelivery",
            "replayDelivery",
            "cancelDelivery",
            "replayWebhook",
            "listReplays",
            "getReplay",
            "cancelReplay",
            "registerCallback",
            "listCallbacks",
        ),
        "AOPS",
    ),
    "readWebhookKeys": EVERYBODY,
    "receiveWebhook": EVERYBODY,
    "showReceived": "AO",
}
LETTERS = dict(zip(s.ROLES, EVERYBODY, strict=True))
ROUTES = {route.name: route for route in all_routes()}


def test_every_route_stands_in_the_table() -> None:
    """A new route must say who may ask it: here, and in its own row."""
    assert set(WHO) == set(ROUTES)
    assert {route.scope for route in ROUTES.values()} <= s.SCOPES | {s.PUBLIC}


@pytest.mark.parametrize("role", s.ROLES)
@pytest.mark.parametrize("route", ROUTES.values(), ids=lambda route: route.name)
def test_a_role_may_ask_what_the_table_says(route: Route, role: str) -> None:
    """Every route times every role."""
    verdict = judge(principal("anna", role), Deed(route.scope, route.channel))

    assert (verdict is Verdict.ALLOWED) is (LETTERS[role] in WHO[route.name])


@pytest.mark.parametrize("route", ROUTES.values(), ids=lambda route: route.name)
def test_no_role_may_ask_only_what_is_public(route: Route) -> None:
    """A credential without a role, or with one that nobody knows, opens nothing."""
    verdict = judge(principal("anna", "boss"), Deed(route.scope, route.channel))

    assert (verdict is Verdict.ALLOWED) is (route.scope == s.PUBLIC)


def test_every_command_needs_a_scope_that_somebody_has() -> None:
    """Commands are judged by the same words; what is not in this table has no command."""
    needs = {
        "subscribe": s.EVENTS_READ,
        "get_history": s.EVENTS_READ,
        "get_status": s.STATUS_READ,
        # Of what the client has or is itself.
        "unsubscribe": s.PUBLIC,
        "heartbeat": s.PUBLIC,
        "ping": s.PUBLIC,
        "auth": s.PUBLIC,
    }

    kinds = {kind.__struct_config__.tag for kind in get_args(Command)}

    assert set(needs) == kinds
    assert set(needs.values()) <= s.SCOPES | {s.PUBLIC}


def test_the_roles_of_channel_readers_are_those_of_the_policy() -> None:
    """One list of words."""
    assert set(get_args(Role)) == set(s.ROLES)


@pytest.mark.parametrize(
    ("patterns", "channel", "allowed"),
    [
        pytest.param(None, "orders", True, id="no patterns are all channels"),
        pytest.param((), "orders", False, id="an empty list is no channel"),
        pytest.param(("orders",), "orders", True, id="a name is itself"),
        pytest.param(("orders",), "orders.eu", False, id="a name is nothing longer"),
        pytest.param(("orders.*",), "orders.eu", True, id="a star is anything"),
        pytest.param(("orders.*",), "ordersXeu", False, id="a dot is a dot"),
        pytest.param(("a", "*.eu"), "orders.eu", True, id="one of several"),
        pytest.param(("[a-z]*",), "orders", False, id="nothing else is a pattern"),
    ],
)
def test_a_credential_may_be_for_some_channels(
    patterns: tuple[str, ...] | None, channel: str, *, allowed: bool
) -> None:
    """Also where its role would allow more."""
    anna = principal("anna", "admin", channels=patterns)

    verdict = judge(anna, Deed(s.EVENTS_READ, channel))

    assert verdict is (Verdict.ALLOWED if allowed else Verdict.FORBIDDEN)


@given(
    st.lists(st.sampled_from(["a", "b", ".", "*"]), max_size=8).map("".join),
    st.lists(st.sampled_from(["a", "b", "."]), max_size=8).map("".join),
)
def test_patterns_match_as_expressions_would(pattern: str, channel: str) -> None:
    """Without their time: many stars in a pattern are no attack."""
    expression = ".*".join(map(re.escape, pattern.split("*")))

    verdict = judge(principal("anna", "admin", channels=(pattern,)), Deed(s.EVENTS_READ, channel))

    assert (verdict is Verdict.ALLOWED) is bool(re.fullmatch(expression, channel))


def test_names_that_no_channel_can_have_are_not_remembered() -> None:
    """They are of any length: whoever asks for thousands would fill the memory with them."""
    anna = principal("anna", "admin", channels=("orders.*",))
    policy._matches.cache_clear()

    verdicts = {judge(anna, Deed(s.EVENTS_READ, f"orders.{'x' * 70_000}{n}")) for n in range(9)}

    assert verdicts == {Verdict.ALLOWED}
    assert policy._matches.cache_info().currsize == 1


def test_a_channel_may_name_its_readers() -> None:
    """Admins always are."""
    deed = Deed(s.EVENTS_READ, "orders", readers=("viewer",))

    found = {role: judge(principal("anna", role), deed) for role in s.ROLES}

    allowed = {role for role, verdict in found.items() if verdict is Verdict.ALLOWED}
    assert allowed == {"admin", "viewer"}


def test_the_events_of_alerts_are_for_those_who_may_list_alerts() -> None:
    """Whoever may read events reads other channels; this one tells how the hub itself is."""
    asked = Deed(s.EVENTS_READ, "alerts")

    allowed = {role for role in s.ROLES if judge(principal("a", role), asked) is Verdict.ALLOWED}

    assert allowed == {role for role in s.ROLES if s.ALERTS_READ in s.ROLES[role]}
    assert s.EVENTS_READ in s.ROLES["user"]
    assert "user" not in allowed


def test_of_what_is_told_of_channels_everybody_is_shown_his_part() -> None:
    """Counts and positions name channels: those that a principal may not read are left out."""
    told = {"contracts": 1, "board": 2, "alerts": 3, "orders": 4}
    nina = principal("nina", "user", channels=("contracts", "board", "alerts"))

    shown = visible(nina, told, {"board": ("admin",)}.get)

    assert shown == {"contracts": 1}
    assert visible(principal("root", "admin"), told, lambda _channel: ("viewer",)) == told


@given(st.sampled_from(sorted(s.ROLES)), st.sampled_from(["anna", "bert"]))
def test_a_foreign_job_is_not_there(role: str, owner: str) -> None:
    """Unless the role is to see the jobs of all; it is hidden then, not forbidden."""
    anna = principal("anna", role)

    verdict = judge(anna, Deed(s.JOBS_READ, "jobs", owner=owner))

    if s.JOBS_READ not in anna.scopes:
        assert verdict is Verdict.FORBIDDEN
    elif owner == "anna" or role in {"admin", "operator", "viewer"}:
        assert verdict is Verdict.ALLOWED
        assert owner_shown(anna, "jobs") in {None, owner}
    else:
        assert verdict is Verdict.HIDDEN


def test_a_refusal_says_what_is_missing() -> None:
    """The scope, or the channel, and what the credential is; a hidden thing is no refusal."""
    with pytest.raises(Forbidden, match="scope jobs:create, got one with viewer"):
        demand(principal("anna", "viewer"), Deed(s.JOBS_CREATE))
    with pytest.raises(Forbidden, match="channel 'orders', got one with admin"):
        demand(principal("anna", "admin", channels=()), Deed(s.EVENTS_READ, "orders"))
    assert not demand(principal("anna", "user"), Deed(s.JOBS_READ, "jobs", owner="bert"))
