"""The built-in receiver takes what comes, believes nothing of it, and shows it as text."""

import hmac
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from hub.clock import SECOND_US
from hub.errors import NotFound, RateLimited
from hub.services.job_reports import Completion, NewJob
from hub.webhooks import receiver as module, signing
from hub.webhooks.callback_forms import NewCallback
from hub.webhooks.endpoint_forms import SecretRotation
from hub.webhooks.receiver import Came, Receiver
from hub.webhooks.sender import Answer
from support.webhook_desk import ANNA, Desk, open_desk

HERE = "http://localhost:8000/webhook/inspector_b"
BODY = b'{"type":"job_update"}'
ID = "01890a5d-ac96-774b-bcce-b302099a8057"


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """The use cases."""
    async with open_desk(tmp_path) as opened:
        yield opened


def signed(desk: Desk, secret: str | None, *, late_s: int = 0) -> Sequence[tuple[str, str]]:
    """Return the headers of a webhook."""
    at_s = desk.hub.clock.now_us() // SECOND_US - late_s
    return signing.sign([secret or ""], ID, at_s, BODY)


async def take(
    desk: Desk, headers: Sequence[tuple[str, str]], body: bytes = BODY, client: str = "inspector_b"
) -> str:
    """Have a webhook taken; return the verdict."""
    answer = await desk.receiver.take(client, Came(headers, body))
    assert (answer.status, answer.client_id) == ("received", client)
    assert answer.verified is answer.verdict.startswith("signed by")
    return answer.verdict


async def test_a_signature_of_this_hub_is_known(desk: Desk) -> None:
    """By the endpoint whose address this is; also by a key that a rotation has made older."""
    await desk.make(url="http://localhost:8000/webhook/another")
    made = await desk.make(url=HERE)
    await desk.endpoints.rotate(ANNA, made.webhook_id, SecretRotation())

    assert await take(desk, signed(desk, made.secret)) == f"signed by {made.webhook_id}"


async def test_a_signature_of_another_is_wrong(desk: Desk) -> None:
    """One of another endpoint, a changed body, an id that was put in, a text that is none."""
    made = await desk.make(url=HERE)
    other = await desk.make(url="http://localhost:8000/webhook/another")
    good = signed(desk, made.secret)
    _, at, signature = good

    wrong = [
        await take(desk, signed(desk, other.secret)),
        await take(desk, good, b"{}"),
        await take(desk, [("webhook-id", "x"), at, signature]),
        await take(desk, [("webhook-id", "x.y"), at, signature]),
        await take(desk, [good[0], ("webhook-timestamp", "now"), signature]),
        await take(desk, [good[0], at, ("webhook-signature", "v1,\xff v1 , ,,")]),
    ]

    assert {one.partition(",")[0] for one in wrong} == {"the signature is wrong"}


async def test_signatures_are_compared_in_constant_time(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each with each: whoever may post learns nothing from how long it takes."""
    made = await desk.make(url=HERE)
    compared = []

    def compare(ours: bytes, theirs: bytes) -> bool:
        compared.append(theirs)
        return ours == theirs

    monkeypatch.setattr(hmac, "compare_digest", compare)
    event, at, (_, right) = signed(desk, made.secret)

    await take(desk, [event, at, ("webhook-signature", f"{right} v1,AAAA {right}")])

    assert compared == [right.encode(), b"v1,AAAA", right.encode()]


async def test_an_old_signature_is_told_apart(desk: Desk) -> None:
    """It was good: somebody may have recorded it."""
    made = await desk.make(url=HERE)

    verdicts = [await take(desk, signed(desk, made.secret, late_s=s)) for s in (299, 301, -301)]

    assert verdicts[0].startswith("signed by")
    assert verdicts[1] == verdicts[2] == "signed too long ago, or ahead of time"


async def test_a_callback_that_was_made_is_known_by_its_delivery(desk: Desk) -> None:
    """Its answer may come after the next look at the endpoints."""
    created = await desk.hub.jobs.create(ANNA, NewJob(), None)
    job_id = created.events[0].key
    await desk.hub.jobs.complete(ANNA, job_id, Completion(final_status="DONE"), None)
    new = NewCallback(kind="job", id=job_id, client_id="b", callback_url=HERE)
    made = (await desk.callbacks.register(ANNA, new)).answer
    (attempt,) = await desk.attempt(Answer(status=200))

    at_s = desk.hub.clock.now_us() // SECOND_US
    headers = signing.sign([made.secret or ""], attempt.event_id, at_s, BODY)

    assert (await desk.store.registry()).endpoints == ()
    assert await take(desk, headers) == f"signed by {made.callback_id}"


async def test_what_is_not_signed_is_taken_too(desk: Desk) -> None:
    """It is for trials; passwords are not kept."""
    headers = [("authorization", "Bearer s3cret"), ("cookie", "s3cret"), ("x-a", "b\x1b[31m")]

    assert await take(desk, headers, b"\xff\x00<script>") == "not signed"
    await take(desk, [], "schön\0\x1b[31m <script>".encode())

    shown = await desk.receiver.shown("inspector_b")
    assert "s3cret" not in shown
    assert "\x1b" not in shown
    assert "x-a: b[31m" in shown
    assert "schön[31m <script>" in shown
    assert "/wA8c2NyaXB0Pg== (base64)" in shown
    assert shown.index("schön") < shown.index("base64")


async def test_nothing_came_yet(desk: Desk) -> None:
    """That is no fault of the address."""
    assert (await desk.receiver.shown("nobody")).startswith("0 webhooks came for nobody")


async def test_what_is_kept_is_bounded(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The newest of each client, and few clients: anybody may post."""
    monkeypatch.setattr(module, "MAX_REQUESTS", 2)
    monkeypatch.setattr(module, "MAX_CLIENTS", 1)
    for number in range(3):
        await take(desk, [], f"body {number}".encode())

    with pytest.raises(RateLimited, match="at most 1 clients"):
        await take(desk, [], client="one_more")
    shown = await desk.receiver.shown("inspector_b")
    assert ("body 0" in shown, "body 1" in shown, "body 2" in shown) == (False, True, True)


async def test_strangers_leave_room_for_what_the_hub_sends(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever takes all the names does not shut out those that a webhook is signed for."""
    monkeypatch.setattr(module, "MAX_CLIENTS", 1)
    monkeypatch.setattr(module, "MORE_CLIENTS", 1)
    await take(desk, [], client="stranger")
    made = await desk.make(url=HERE)
    also = await desk.make(url="http://localhost:8000/webhook/second")

    with pytest.raises(RateLimited, match="at most 1 clients"):
        await take(desk, [], client="inspector_b")
    assert await take(desk, signed(desk, made.secret)) == f"signed by {made.webhook_id}"
    with pytest.raises(RateLimited, match="at most 2 clients"):
        await take(desk, signed(desk, also.secret), client="second")


@pytest.mark.parametrize("client_id", ["", ".", "..", "a/b", "a b", "<b>", "a\n", "ä", "a" * 201])
async def test_not_every_text_is_a_client(desk: Desk, client_id: str) -> None:
    """A name that a proxy could read as another address is none."""
    with pytest.raises(NotFound, match="client id"):
        await take(desk, [], client=client_id)
    with pytest.raises(NotFound, match="client id"):
        await desk.receiver.shown(client_id)


async def test_it_can_be_off(desk: Desk) -> None:
    """Then the refusal says how it is put on."""
    off = Receiver(desk.store, desk.hub.clock, secrets=desk.secrets, is_on=False)

    with pytest.raises(NotFound, match="HUB_WEBHOOK_RECEIVER=1"):
        await off.take("a", Came([], b""))
    with pytest.raises(NotFound, match="HUB_WEBHOOK_RECEIVER=1"):
        await off.shown("a")
