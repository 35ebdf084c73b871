"""The environment: which of its variables are ours, whose the others are, what is misspelt."""

import difflib
import re
from collections.abc import Mapping, Set as AbstractSet

# Read by the clients, by later versions, or by tools around the hub: no reason to warn.
_ALSO_KNOWN = frozenset({"HUB_URL", "HUB_TOKEN"})
# What Kubernetes and Docker set in every container beside a service that is called `hub`.
_LINK = re.compile(r"_SERVICE_(HOST|PORT)|_(TCP|UDP)(_|$)|_ENV_")


def is_injected(env: str, value: str) -> bool:
    """Recognise what orchestrators inject: a Service named `x` sets `X_PORT=tcp://…`."""
    return env not in {"DATABASE_URL", "REDIS_URL"} and value.startswith(("tcp://", "udp://"))


def unknown(environ: Mapping[str, str], known: AbstractSet[str]) -> list[str]:
    """Return a warning for each variable that looks like a setting of ours and is none."""
    warnings = []
    for env in sorted(environ):
        if not env.startswith("HUB_") or env in known | _ALSO_KNOWN:
            continue
        if _LINK.search(env) or "://" in environ[env]:
            continue
        bare = env.removeprefix("HUB_")
        close = [bare] if bare in known else difflib.get_close_matches(env, sorted(known), 1)
        hint = f", did you mean {close[0]}?" if close else ""
        warnings.append(f"unknown setting {env}{hint}")
    return warnings
