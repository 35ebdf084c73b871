"""Plain requests: what is read without httptools is what it would have read."""

import pytest
from hypothesis import example, given, strategies as st

from hub.transports.http.bounded import MAX_HEAD_BYTES
from hub.transports.http.plain import MAX_BODY_BYTES, Plain, read_plain
from support.second_opinion import Read, mutated

HEADERS = (
    ("Host", "localhost:8000"),
    ("Accept", "*/*"),
    ("User-Agent", "python-httpx/0.28.1"),
    ("Connection", "keep-alive"),
    ("Content-Type", "application/json"),
)
BODY = b'{"contract_id": "c-1"}'


def post(
    line: str = "POST /update HTTP/1.1",
    *,
    add: str = "",
    length: str = str(len(BODY)),
    body: bytes = BODY,
) -> bytes:
    """Return the bytes of a request."""
    fields = "".join(f"{name}: {value}\r\n" for name, value in HEADERS)
    head = f"{line}\r\n{fields}{add}Content-Length: {length}\r\n\r\n"
    return head.encode("latin-1") + body


PLAIN = post()
ODD = (
    *(b"%2f", b"..", b"GET ", b"POST / HTTP/1.1\r\n", b"X:\r\n", b"X: \r\n", b"0", b"1"),
    *(b"Content-Length: 022\r\n", b"Proxy-Connection: close\r\n"),
)


@given(mutated(PLAIN, ODD))
@example(PLAIN)
@example(post(add="X-Empty:\r\nX-Tight:a\r\nX-Wide: a \t b\r\n"))
@example(post(length="0", body=b""))
def test_what_is_plain_is_what_httptools_would_have_read(data: bytes) -> None:
    """Address, headers, body and end alike: nobody gets past a proxy by a second opinion."""
    plain = read_plain(data)
    if plain is None:
        return

    read = Read(data)

    assert (read.method, read.version, read.upgrades, read.kept) == ("POST", "1.1", False, True)
    assert read.url == plain.path
    assert read.headers == plain.headers
    assert read.body == plain.body
    assert read.ended == (len(plain.body) == plain.length)


def test_what_clients_send_is_plain() -> None:
    """Names in lower case, values as they came."""
    headers = [(name.lower().encode(), value.encode()) for name, value in HEADERS]
    headers.append((b"content-length", b"22"))

    assert read_plain(PLAIN) == Plain(b"/update", headers, BODY, 22)


@given(st.integers(0, len(BODY)))
def test_a_body_comes_as_far_as_it_has(missing: int) -> None:
    """The head alone says how long it will be."""
    plain = read_plain(PLAIN[: len(PLAIN) - missing])

    assert plain is not None
    assert (len(plain.body), plain.length) == (len(BODY) - missing, len(BODY))


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(PLAIN[: PLAIN.index(b"\r\n\r\n") + 3], id="a head that is not whole"),
        pytest.param(PLAIN + b"P", id="more than one request"),
        pytest.param(post("GET /update HTTP/1.1"), id="another method"),
        pytest.param(post("POST /update HTTP/1.0"), id="HTTP/1.0"),
        pytest.param(post("POST http://localhost/update HTTP/1.1"), id="a whole address"),
        pytest.param(post("POST //update HTTP/1.1"), id="an address like a host"),
        pytest.param(post("POST /update/ HTTP/1.1"), id="an empty part at the end"),
        pytest.param(post("POST /%75pdate HTTP/1.1"), id="an address in escapes"),
        pytest.param(post("POST /update?a=b HTTP/1.1"), id="a query"),
        pytest.param(post(length="+22"), id="a length with a sign"),
        pytest.param(post(length="022"), id="a length with a leading zero"),
        pytest.param(post(length="22, 22"), id="a list of lengths"),
        pytest.param(post(length=str(MAX_BODY_BYTES + 1)), id="a long body"),
        pytest.param(PLAIN.replace(b"Content-Length", b"Content-Size"), id="no length"),
        pytest.param(post(add="Content-Length: 22\r\n"), id="two lengths"),
        pytest.param(post(add="X: a\r\nX: a\r\n"), id="any header twice"),
        pytest.param(post(add="Transfer-Encoding: chunked\r\n"), id="chunks"),
        pytest.param(post(add="Expect: 100-continue\r\n"), id="who waits to be asked"),
        pytest.param(PLAIN.replace(b"keep-alive", b"close"), id="a last request"),
        pytest.param(post(add="Upgrade: h2c\r\n"), id="an upgrade"),
        pytest.param(post(add="Proxy-Connection: close\r\n"), id="a last request, to some"),
        pytest.param(post(add="Trailer: X\r\n"), id="headers behind the body"),
        pytest.param(post(add="TE: trailers\r\n"), id="who takes such headers"),
        pytest.param(PLAIN.replace(b"\r\n", b"\n"), id="bare newlines"),
        pytest.param(PLAIN.replace(b"Host:", b"Host :"), id="a space before a colon"),
        pytest.param(PLAIN.replace(b"Host:", b" Host:"), id="a folded line"),
        pytest.param(post(add="X:  a\r\n"), id="two spaces before a value"),
        pytest.param(post(add="X: a \r\n"), id="a space behind a value"),
        pytest.param(post(add="X: \x00\r\n"), id="a NUL"),
        pytest.param(post(add="X: a\rb\r\n"), id="a bare carriage return"),
        pytest.param(post(add=f"X: {'a' * MAX_HEAD_BYTES}\r\n"), id="a huge head"),
    ],
)
def test_what_is_not_beyond_doubt_is_not_plain(data: bytes) -> None:
    """There httptools decides what it is."""
    assert read_plain(data) is None
