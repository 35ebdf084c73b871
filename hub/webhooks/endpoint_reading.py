"""From what is asked of an endpoint to what is kept, with every field that cannot be so."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from hub.errors import FieldError, InvalidCommand, InvalidFields
from hub.model.contract import shown
from hub.model.endpoint import SCHEDULE, Encryption
from hub.realtime import filters
from hub.webhooks.endpoint_forms import (
    EncryptionForm,
    EndpointChange,
    NewEndpoint,
    Profile,
)

# For receivers in the same house: seven attempts in an hour and a bit.
FAST: tuple[float, ...] = (1, 5, 30, 120, 600, 3600)
PROFILES: Mapping[Profile, tuple[float, ...]] = {"default": SCHEDULE, "fast": FAST}
# Every process that sends has it in memory.
MAX_WHERE = 16 * 1024
# A pattern is matched against every new type and channel.
MAX_STARS = 3

_TYPE = re.compile(r"[a-z*][a-z0-9_.*-]{0,63}")
_CHANNEL = re.compile(r"[a-z0-9*][a-z0-9._:*-]{0,127}")
# Kept under the same name.
_AS_THEY_ARE = ("url", "description", "ordered", "head", "client_errors", "concurrency")


class Checks(NamedTuple):
    """Judges of what others know better.

    Attributes:
        url: Returns an address in one form; raises WebhookUrlRefused unless it may be an
            endpoint's.
        encryption: Returns what is kept of a key and pointers; raises WebhookKeyRefused where one
            cannot encrypt like this.
    """

    url: Callable[[str], str]
    encryption: Callable[[Mapping[str, Any], Sequence[str]], Encryption]


class Asked(NamedTuple):
    """What was asked for.

    Attributes:
        fields: Of `Endpoint`, as they will be kept.
        headers: Names and values, not yet sealed; None: they stay as they are.
    """

    fields: Mapping[str, Any]
    headers: Mapping[str, str] | None


def read(form: NewEndpoint | EndpointChange, checks: Checks) -> Asked:
    """Return what is asked for; of a change only what it names.

    Raises:
        InvalidFields: Names every field that cannot be so.
        HubError: What the checks refuse.
    """
    said = {
        name: value
        for name, value in msgspec.structs.asdict(form).items()
        if value is not msgspec.UNSET
    }
    faults = [*_faults(said)]
    if faults:
        raise InvalidFields(faults)
    if "url" in said:
        # In the form that is called: what a person sees in it is where it leads.
        said["url"] = checks.url(said["url"])
    fields = {kept: make(said[name]) for name, (kept, make) in _MADE.items() if name in said} | {
        name: said[name] for name in _AS_THEY_ARE if name in said
    }
    if "encryption" in said:
        wish: EncryptionForm | None = said["encryption"]
        fields["encryption"] = wish and checks.encryption(wish.jwk, wish.pointers)
    if "schedule" in said or "profile" in said:
        fields["schedule"] = _schedule(said.get("schedule"), said.get("profile"))
    return Asked(fields, said.get("headers"))


def encryption_form(kept: Encryption | None) -> EncryptionForm | None:
    """Return what was asked for, as it was."""
    if kept is None:
        return None
    return EncryptionForm(msgspec.json.decode(kept.jwk), [*kept.pointers])


def _schedule(delays: list[float] | None, profile: Profile | None) -> tuple[float, ...]:
    # An empty list is a wish: no further attempts.
    return PROFILES[profile or "default"] if delays is None else tuple(delays)


def _faults(said: Mapping[str, Any]) -> Iterable[FieldError]:
    yield from wrong_types(said.get("event_types", ()))
    yield from _wrong_patterns("$.channels", said.get("channels", ()), _CHANNEL)
    if said.get("where"):
        yield from _wrong_where(said["where"])
    if not said.get("description", "").isprintable():
        yield FieldError("$.description", "printable characters", shown(said["description"]))
    if said.get("schedule") is not None and said.get("profile") is not None:
        yield FieldError("$.profile", "null beside a schedule", shown(said["profile"]))


def check_reason(reason: str) -> None:
    """Refuse a reason that would not be shown as it is written.

    Raises:
        InvalidFields: It has characters that are not printable.
    """
    if not reason.isprintable():
        raise InvalidFields([FieldError("$.reason", "printable characters", shown(reason))])


def _words(patterns: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(patterns))


def _where(where: filters.Where) -> str:
    return msgspec.json.encode(where).decode() if where else ""


# What is kept under which name, and how it is made.
_MADE: Mapping[str, tuple[str, Callable[[Any], Any]]] = {
    "event_types": ("event_types", _words),
    "channels": ("channels", _words),
    "where": ("where", _where),
    "rate_per_s": ("rate", float),
}


def wrong_types(patterns: Iterable[str]) -> Iterable[FieldError]:
    """Yield the patterns that no type can be like."""
    return _wrong_patterns("$.event_types", patterns, _TYPE)


def _wrong_patterns(
    field: str, patterns: Iterable[str], form: re.Pattern[str]
) -> Iterable[FieldError]:
    kind = "types" if "types" in field else "names of channels"
    expected = f"{kind}, with at most {MAX_STARS} * for any characters"
    for pattern in patterns:
        if not form.fullmatch(pattern) or pattern.count("*") > MAX_STARS:
            yield FieldError(field, expected, shown(pattern))


def _wrong_where(where: filters.Where) -> Iterable[FieldError]:
    size = len(_where(where).encode())
    if size > MAX_WHERE:
        yield FieldError("$.where", f"at most {MAX_WHERE} bytes as JSON", str(size))
    try:
        filters.parse(where)
    except InvalidCommand as error:
        place, _, rest = str(error).partition(": expected ")
        expected, _, got = rest.partition(", got ")
        yield FieldError(f"$.{place}", expected, got)
