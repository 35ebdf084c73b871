"""What nodes say as bytes: nodes of two versions understand each other, strangers nobody."""

import msgspec
import pytest

from hub.brokers import wire
from hub.brokers.base import Live, News, Presence
from support.events import event

WORD = Presence("log", "a", Live(3, {"contracts": 3, "jobs": 1}, 12))


@pytest.mark.parametrize(
    "word", [pytest.param(WORD, id="alive"), pytest.param(Presence("log", "a", None), id="gone")]
)
def test_a_word_comes_back_whole(word: Presence) -> None:
    """What one node encodes another reads."""
    assert wire.decode_presence(wire.encode(word)) == word


def test_a_later_version_may_say_more() -> None:
    """Fields are added at the end, and who does not know them passes over them."""
    later = ["log", "a", [3, {"contracts": 3, "jobs": 1}, 12, "more"], "more"]

    assert wire.decode_presence(msgspec.msgpack.encode(later)) == WORD


def test_a_later_version_may_say_more_of_its_events() -> None:
    """Then an older node passes the events on as it knows them."""
    news = News("log", "a", [event(1), event(2)])
    log_id, node, events = msgspec.msgpack.decode(wire.encode(news))
    later = [log_id, node, [[*one, "more"] for one in events], "more"]

    assert wire.decode(msgspec.msgpack.encode(later)) == news


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(None, id="nothing"),
        pytest.param(["log", "a"], id="no numbers"),
        pytest.param(["log", 1, None], id="a name that is none"),
        pytest.param(["log", "a", [-1, {}, 0]], id="fewer than no connections"),
        pytest.param(["log", "a", [0, {"jobs": -1}, 0]], id="fewer than no clients"),
        pytest.param(["log", "a", [0, {}, 0.5]], id="half a byte"),
    ],
)
def test_what_is_no_word_is_none(said: object) -> None:
    """Numbers that cannot be must not get into the sums."""
    assert wire.decode_presence(msgspec.msgpack.encode(said)) is None


@pytest.mark.parametrize("noise", [b"", b"\xc1", b"\x93\xa3log", b"\xa2\xff\xff", b"\x91" * 5000])
def test_noise_is_none(noise: bytes) -> None:
    """Bytes of a stranger raise nothing."""
    assert wire.decode_presence(noise) is None
