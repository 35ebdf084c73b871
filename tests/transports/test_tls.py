"""TLS: which files are taken, and how a certificate is replaced."""

import ssl
import subprocess
from pathlib import Path
from typing import Any

import pytest

from hub.errors import Misconfigured
from hub.settings import Secret, Settings
from hub.transports.tls import context, renew
from support.certificates import Certificate, certificate

PASSWORD = "oh-so-private"  # noqa: S105 made for tests


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Holds files of each kind."""
    made = tmp_path_factory.mktemp("tls")
    (made / "junk").write_text("no PEM")
    return made


@pytest.fixture(scope="module")
def one(folder: Path) -> Certificate:
    """A certificate."""
    return certificate(folder, "localhost")


@pytest.fixture(scope="module")
def other(folder: Path) -> Certificate:
    """Another."""
    return certificate(folder, "127.0.0.1")


@pytest.fixture(scope="module")
def locked(folder: Path, one: Certificate) -> Path:
    """The key of `one` under a password."""
    path = folder / "locked.key"
    command = ["openssl", "rsa", "-aes256", "-passout", f"pass:{PASSWORD}"]
    command += ["-in", str(one.key), "-out", str(path)]
    subprocess.run(command, check=True, capture_output=True)
    return path


def settings(cert: Path, key: Path | None = None, **more: Any) -> Settings:
    """Return settings with these files."""
    return Settings(ssl_certfile=str(cert), ssl_keyfile=str(key or ""), **more)


def test_without_a_certificate_there_is_no_tls() -> None:
    """The default."""
    assert context(Settings()) is None


def test_old_versions_are_not_spoken(one: Certificate) -> None:
    """1.2 is the lowest, and nobody may renegotiate."""
    made = context(settings(one.cert, one.key))

    assert made is not None
    assert made.minimum_version == ssl.TLSVersion.TLSv1_2
    assert made.options & ssl.OP_NO_RENEGOTIATION
    assert made.verify_mode == ssl.CERT_NONE


def test_a_key_may_stand_in_the_file_of_its_certificate(folder: Path, one: Certificate) -> None:
    """As some tools write it."""
    both = folder / "both.pem"
    both.write_text(one.cert.read_text() + one.key.read_text())

    assert context(settings(both)) is not None


def test_a_key_may_have_a_password(one: Certificate, locked: Path) -> None:
    """It never is asked of the terminal."""
    assert context(settings(one.cert, locked, ssl_keyfile_password=Secret(PASSWORD)))
    for password in (None, Secret("wrong-one")):
        with pytest.raises(Misconfigured, match="HUB_SSL_KEYFILE_PASSWORD is wrong") as refused:
            context(settings(one.cert, locked, ssl_keyfile_password=password))
        assert "wrong-one" not in str(refused.value)


def test_roots_make_clients_show_a_certificate(one: Certificate, other: Certificate) -> None:
    """All of them."""
    made = context(settings(one.cert, one.key, ssl_ca_certs=str(other.cert)))

    assert made is not None
    assert made.verify_mode == ssl.CERT_REQUIRED


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        pytest.param({"ssl_certfile": "none"}, "No such file", id="no file"),
        pytest.param({"ssl_certfile": "junk"}, "no PEM of that kind", id="no certificate"),
        pytest.param({"ssl_keyfile": "junk"}, "no PEM of that kind", id="no key"),
        pytest.param({"ssl_keyfile": "127.0.0.1.key"}, "of another certificate", id="wrong key"),
        pytest.param({"ssl_keyfile": ""}, "no PEM of that kind", id="a key is missing"),
        pytest.param({"ssl_ca_certs": "junk"}, "HUB_SSL_CA_CERTS: cannot use", id="no roots"),
        pytest.param({"ssl_ca_certs": "none"}, "No such file", id="no file of roots"),
    ],
)
def test_files_that_cannot_be_used_are_told(
    folder: Path, one: Certificate, other: Certificate, names: dict[str, str], reason: str
) -> None:
    """In one line, with their names."""
    assert other.key.exists()
    files = {"ssl_certfile": one.cert.name, "ssl_keyfile": one.key.name, **names}
    paths: dict[str, Any] = {
        field: str(folder / name) if name else "" for field, name in files.items()
    }

    with pytest.raises(Misconfigured, match=reason) as refused:
        context(Settings(**paths))

    assert "\n" not in str(refused.value)


def test_ciphers_that_there_are_not_are_told(one: Certificate) -> None:
    """OpenSSL knows them, or not."""
    assert context(settings(one.cert, one.key, ssl_ciphers="ECDHE+AESGCM"))
    with pytest.raises(Misconfigured, match="HUB_SSL_CIPHERS"):
        context(settings(one.cert, one.key, ssl_ciphers="ROT13"))


def shown_by(server: ssl.SSLContext) -> bytes | None:
    """Return the certificate that a server shows, without any network."""
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        client.wrap_bio(to_client, to_server),
        server.wrap_bio(to_server, to_client, server_side=True),
    ]
    for _ in range(4):
        for end in ends:
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
    return ends[0].getpeercert(binary_form=True)


def test_a_new_certificate_is_shown_to_who_comes_then(one: Certificate, other: Certificate) -> None:
    """The context stays, so nothing else has to be told."""
    live = context(settings(one.cert, one.key))
    assert live is not None
    before = shown_by(live)

    renew(live, settings(other.cert, other.key))

    assert before == ssl.PEM_cert_to_DER_cert(one.cert.read_text())
    assert shown_by(live) == ssl.PEM_cert_to_DER_cert(other.cert.read_text())


def test_a_certificate_without_its_key_changes_nothing(
    one: Certificate, other: Certificate
) -> None:
    """Half a renewal would take nobody any more."""
    live = context(settings(one.cert, one.key))
    assert live is not None

    with pytest.raises(Misconfigured):
        renew(live, settings(other.cert, one.key))

    assert shown_by(live) == ssl.PEM_cert_to_DER_cert(one.cert.read_text())
