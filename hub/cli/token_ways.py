"""Two ways to the credentials of a hub: over its REST API, or straight into its database.

The first asks a hub that answers, as whoever HUB_TOKEN is. The second asks nobody: whoever may
write the database is its administrator, and that is how the first key of a hub is made.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeVar
from urllib.parse import quote

import click
import msgspec

from hub.cli.output import Output
from hub.settings import Settings

T = TypeVar("T")
Json = dict[str, Any]


class Way(Protocol):
    """What can be done, whichever way; bodies and answers as in REST.

    Raises:
        hub_client.HubError: No hub answers, or it refused.
        HubError: Nobody was asked, and it cannot be.
    """

    def create(self, body: Json) -> Json:
        """Make a key."""
        ...

    def list(self) -> list[Json]:
        """Return every key, newest first."""
        ...

    def rotate(self, key_id: str, body: Json) -> Json:
        """Give a key a new secret."""
        ...

    def revoke(self, key_id: str) -> Json:
        """Refuse a key for good."""
        ...

    def refuse(self, credential: str, until: str) -> Json:
        """Refuse a JWT or a principal until a time."""
        ...

    def lift(self, credential: str) -> None:
        """Refuse it no longer."""
        ...

    def judge_of(self, kind: str) -> str:
        """Return who can say whether a token of this kind is let in; empty: nobody."""
        ...

    def judge(self, token: str) -> str | None:
        """Return why a token is refused; None: it is not."""
        ...


def way(url: str | None, output: Output, *, direct: bool) -> Way:
    """Return the way: to the hub where an address is given, else to the database.

    Raises:
        Misconfigured: The settings are wrong.
    """
    if url is not None and not direct:
        return OverRest(url)
    from hub.cli.configuration import load_settings

    return IntoDatabase(load_settings(output))


class OverRest:
    """A hub that answers.

    Args:
        url: Its address.
    """

    def __init__(self, url: str) -> None:
        self._url = url

    def create(self, body: Json) -> Json:
        """Make a key."""
        return self._send("POST", "/api/tokens", body)

    def list(self) -> list[Json]:
        """Return every key, page by page."""
        found: list[Json] = []
        before: dict[str, str] = {}
        while True:
            page = self._send("GET", "/api/tokens", query={"limit": "1000", **before})
            found += page["tokens"]
            if page["next"] is None:
                return found
            before = {"before": page["next"]}

    def rotate(self, key_id: str, body: Json) -> Json:
        """Give a key a new secret."""
        return self._send("POST", f"/api/tokens/{quote(key_id, safe='')}/rotate", body)

    def revoke(self, key_id: str) -> Json:
        """Refuse a key for good."""
        return self._send("DELETE", f"/api/tokens/{quote(key_id, safe='')}")

    def refuse(self, credential: str, until: str) -> Json:
        """Refuse a JWT or a principal."""
        return self._send("POST", "/api/revocations", {"credential": credential, "until": until})

    def lift(self, credential: str) -> None:
        """Refuse it no longer."""
        self._send("DELETE", "/api/revocations", query={"credential": credential})

    def judge_of(self, kind: str) -> str:  # noqa: ARG002 it knows them all
        """Return its address."""
        return self._url

    def judge(self, token: str) -> str | None:
        """Show the token to the hub, and return what it says against it."""
        import hub_client

        try:
            self._send("GET", "/api/jobs", token=token, query={"limit": "1"})
        except hub_client.HubError as error:
            if error.status is None or error.status >= 500:  # noqa: PLR2004 its server errors
                raise
            # Any other refusal is about what it may do: it was believed before.
            return str(error.problem.get("detail") or error) if error.status == 401 else None  # noqa: PLR2004
        return None

    def _send(
        self,
        method: str,
        path: str,
        body: Json | None = None,
        *,
        token: str | None = None,
        query: dict[str, str] | None = None,
    ) -> Json:
        from hub.cli.addressing import hub_address
        from hub_client.calls.request import Request
        from hub_client.calls.retry import RetryPolicy
        from hub_client.clock import ThreadClock
        from hub_client.sync.http import Http

        address = hub_address(self._url, token)
        headers = {} if body is None else {"Content-Type": "application/json"}
        payload = msgspec.UNSET if body is None else body
        # One try: a second one could make a second key.
        http = Http(address, RetryPolicy(max_retries=0), ThreadClock(), None)
        try:
            answer: Json = http.send(
                Request(
                    method=method, path=path, params=query or {}, payload=payload, headers=headers
                )
            )
        finally:
            http.close()
        return answer


class IntoDatabase:
    """The database that the settings name; a hub may run on it meanwhile.

    Args:
        settings: They name it.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def create(self, body: Json) -> Json:
        """Make a key."""
        from hub.services.token_forms import NewKey

        new = _read(body, NewKey)
        return self._run(lambda access: access.create(new))

    def list(self) -> list[Json]:
        """Return every key."""
        return asyncio.run(self._with(lambda access: access.all_keys()))

    def rotate(self, key_id: str, body: Json) -> Json:
        """Give a key a new secret."""
        from hub.services.token_forms import Rotation

        rotation = _read(body, Rotation)
        return self._run(lambda access: access.rotate(key_id, rotation))

    def revoke(self, key_id: str) -> Json:
        """Refuse a key for good; a hub that runs finds it within two seconds."""
        return self._run(lambda access: access.revoke(key_id))

    def refuse(self, credential: str, until: str) -> Json:
        """Refuse a JWT or a principal."""
        return self._run(lambda access: access.refuse(credential, until))

    def lift(self, credential: str) -> None:
        """Refuse it no longer."""
        asyncio.run(self._with(lambda access: access.lift(credential)))

    def judge_of(self, kind: str) -> str:
        """Return what the hub would go by: its database, and the settings of this environment."""
        if kind == "API key":
            return "the database"
        return " and ".join(self._settings.credentials)

    def judge(self, token: str) -> str | None:
        """Look the token up, as a hub with these settings on this database would."""
        reason: str | None = asyncio.run(self._with(lambda access: access.judge(token)))
        return reason

    def _run(self, act: Callable[[Any], Awaitable[Any]]) -> Json:
        answer = asyncio.run(self._with(act))
        found: Json = msgspec.to_builtins(answer)
        return found

    async def _with(self, act: Callable[[Any], Awaitable[T]]) -> T:
        from hub.cli.token_access import accessing

        async with accessing(self._settings) as access:
            return await act(access)


def _read(body: Json, kind: type[T]) -> T:
    try:
        return msgspec.convert(body, kind)
    except msgspec.ValidationError as error:
        raise click.UsageError(str(error)) from error
