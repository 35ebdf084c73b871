"""The envelope: secrets that only the right key opens, in the right place."""

import base64
import threading
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from hub.errors import Misconfigured
from hub.model.endpoint import Endpoint, SigningKey
from hub.model.principal import Principal
from hub.settings import Settings
from hub.settings.secret import Secret
from hub.webhooks.envelope import HEADERS, CannotOpen, key_field, new_line, read_ring
from hub.webhooks.ring_file import file_ring, ring_of, ring_path

OLD, NEW = f"old:{base64.b64encode(bytes(range(32))).decode()}", new_line()
RING = read_ring(f"{NEW},{OLD}")


@given(st.binary(max_size=300), st.text(), st.text())
def test_what_is_sealed_is_opened_in_its_place(plain: bytes, endpoint_id: str, field: str) -> None:
    """And nothing of it can be seen."""
    sealed = RING.seal(plain, endpoint_id, field)

    assert RING.open(sealed, endpoint_id, field) == plain
    assert len(plain) < 4 or plain not in sealed


@given(st.data())
def test_whatever_is_changed_is_not_opened(data: st.DataObject) -> None:
    """Any bit of it, the key's name too, and any cut."""
    sealed = bytearray(RING.seal(b"secret", "ep_1", "keys/a"))
    at = data.draw(st.integers(0, len(sealed) - 1))
    cut = data.draw(st.booleans())
    sealed[at] ^= 1 << data.draw(st.integers(0, 7))

    with pytest.raises(CannotOpen):
        RING.open(bytes(sealed[:at] if cut else sealed), "ep_1", "keys/a")


@pytest.mark.parametrize(
    ("endpoint_id", "field"),
    [
        pytest.param("ep_2", "keys/a", id="another endpoint"),
        pytest.param("ep_1", "keys/b", id="another key"),
        pytest.param("ep_1", "headers", id="another field"),
        pytest.param("ep_1\0keys", "a", id="the same letters, cut elsewhere"),
    ],
)
def test_a_secret_does_not_move(endpoint_id: str, field: str) -> None:
    """Whoever writes the database cannot have one endpoint sign with another one's secret."""
    sealed = RING.seal(b"secret", "ep_1", "keys/a")

    with pytest.raises(CannotOpen, match="changed, moved"):
        RING.open(sealed, endpoint_id, field)


def test_the_same_secret_is_never_sealed_in_the_same_way() -> None:
    """A nonce that comes twice gives AES-GCM away."""
    assert len({RING.seal(b"secret", "ep_1", "f") for _ in range(100)}) == 100


def test_a_key_is_changed_without_losing_what_it_sealed() -> None:
    """The new one first: it seals, the old one still opens; after rewrapping it may go."""
    endpoint = Endpoint(
        id="ep_1", reader=Principal("ops", (), frozenset()), url="https://a.example/",
        event_types=("*",), created_at_us=1, updated_at_us=1,
        keys=(SigningKey("a", "v1", read_ring(OLD).seal(b"s", "ep_1", key_field("a")), 1),),
        headers=read_ring(OLD).seal(b"[]", "ep_1", HEADERS),
    )  # fmt: skip

    rewrapped = RING.rewrap_endpoint(endpoint)

    only_new = read_ring(NEW)
    assert only_new.open(rewrapped.keys[0].secret, "ep_1", "keys/a") == b"s"
    assert only_new.open(rewrapped.headers, "ep_1", HEADERS) == b"[]"
    assert RING.rewrap_endpoint(rewrapped) is rewrapped
    with pytest.raises(CannotOpen, match=r"sealed by the key b'old', which .* does not have"):
        only_new.rewrap_endpoint(endpoint)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param("", "expected 1 to 100 keys, got 0", id="nothing"),
        pytest.param(" , ", "expected 1 to 100 keys, got 0", id="commas"),
        pytest.param("c2VjcmV0c2VjcmV0", "as key 1, got none", id="a key without an id"),
        pytest.param("a b:c2VjcmV0", "as key 1, got none", id="an id with a space"),
        pytest.param("a:c2VjcmV0!", "expected base64 behind a:", id="other letters"),
        pytest.param("a:c2VjcmV0", "expected 32 bytes behind a:, got 6", id="a short key"),
        pytest.param(f"a:{'A' * 43}=", "random bytes behind a:", id="a key of zeros"),
        pytest.param(f"{OLD},{OLD}", "expected each id once, got old twice", id="an id twice"),
    ],
)
def test_keys_that_are_none_are_refused(text: str, line: str) -> None:
    """In one line that names the setting and holds nothing of a key."""
    with pytest.raises(Misconfigured) as refused:
        read_ring(text)

    assert line in str(refused.value)
    assert str(refused.value).startswith("HUB_WEBHOOK_SECRET_KEYS: ")
    assert "c2VjcmV0" not in str(refused.value)


def test_a_ring_shows_no_key() -> None:
    """Also not by accident, in a log."""
    assert repr(RING) == f"Ring({RING.sealing}, 2 keys)"


def test_settings_win_over_the_file(tmp_path: Path) -> None:
    """Where they name keys no file is made."""
    settings = Settings(
        database_url=f"sqlite:///{tmp_path}/hub.db", webhook_secret_keys=Secret(f"{NEW},{OLD}")
    )

    assert list(ring_of(settings).keys) == [NEW.partition(":")[0], "old"]
    assert list(tmp_path.iterdir()) == []


def test_a_data_file_gets_keys_of_its_own(tmp_path: Path) -> None:
    """Beside it, for its owner alone, once."""
    settings = Settings(database_url=f"sqlite:///{tmp_path}/new/hub.db")

    sealed = ring_of(settings).seal(b"secret", "ep_1", "f")

    path = ring_path(settings)
    assert path == tmp_path / "new" / "hub.db.keys"
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(path.parent.iterdir()) == [path]
    assert ring_of(settings).open(sealed, "ep_1", "f") == b"secret"


def test_of_several_that_make_it_one_wins(tmp_path: Path) -> None:
    """All seal by the same key; none writes over what another one has sealed by."""
    path, found = tmp_path / "hub.db.keys", []
    ready = threading.Barrier(8)

    def make() -> None:
        ready.wait()
        found.append(file_ring(path).sealing)

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(found) == 8
    assert len(set(found)) == 1
    assert list(tmp_path.iterdir()) == [path]


def test_postgresql_needs_keys_in_the_settings() -> None:
    """A file on one node would be none on the next; a fresh key is there to be pasted."""
    with pytest.raises(Misconfigured, match="the same on all nodes") as refused:
        ring_of(Settings(database_url="postgresql://u@h/d"))

    pasted = str(refused.value).rpartition(" ")[2]
    assert read_ring(pasted).sealing == pasted.partition(":")[0]


def test_a_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    """With the remedy."""
    path = tmp_path / "hub.db.keys"
    file_ring(path)
    path.chmod(0o644)

    with pytest.raises(Misconfigured, match="chmod 600"):
        file_ring(path)


def test_a_file_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    """With where it should have been."""
    (tmp_path / "file").write_text("")

    with pytest.raises(Misconfigured, match=r"hub\.db\.keys cannot be used"):
        file_ring(tmp_path / "file" / "hub.db.keys")
