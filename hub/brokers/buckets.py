"""The buckets of all nodes, in Redis: one question a round trip, judged by the server's time.

A bucket is one number under a name of its own, which expires a minute after it is full. Redis may
lose all of them at any time: then everybody's bucket is full, as at a start.
"""

import hashlib
from collections.abc import Sequence

from redis.exceptions import RedisClusterException, RedisError

from hub.brokers.link import Script, link_to
from hub.errors import Unavailable
from hub.limits.base import Charge
from hub.limits.bucket import MAX_DEBT_US, Verdict

# `limits.bucket.spend`, line by line; a test compares. Numbers stay below 2**53, and are written
# out in full: Lua's own way of writing keeps 14 digits.
_SPEND = Script(f"""
local now = tonumber(ARGV[1])
if not now then
  local time = redis.call('TIME')
  now = tonumber(time[1]) * 1000000 + tonumber(time[2])
end
local said = {{}}
for i, key in ipairs(KEYS) do
  local interval, burst = tonumber(ARGV[4 * i - 2]), tonumber(ARGV[4 * i - 1])
  local cost, owed = tonumber(ARGV[4 * i]), ARGV[4 * i + 1] == '1'
  local full = burst * interval
  local latest = now + full + {MAX_DEBT_US}
  local due = math.min(math.max(tonumber(redis.call('GET', key)) or 0, now), latest)
  local wait = due + math.min(cost, burst) * interval - full - now
  if wait <= 0 or owed then
    due = math.min(due + cost * interval, latest)
  end
  redis.call('SET', key, string.format('%.0f', due), 'PX', math.ceil((due - now) / 1000) + 60000)
  said[2 * i - 1], said[2 * i] = math.max(0, wait), due - now
end
return said
""")


class RedisBuckets:
    """Buckets in one Redis; see `limits.base.Buckets`.

    Args:
        url: One server, Sentinel or a cluster; see `link`.
        log_id: Names the log; the nodes of one log share their buckets.
        now_us: For tests: judge by this time instead of the server's.

    Raises:
        Misconfigured: The URL is none that Redis has.
    """

    def __init__(self, url: str, log_id: str, *, now_us: int | None = None) -> None:
        self.now_us = now_us
        self._link = link_to(url)
        self._log_id = log_id

    async def spend(self, charges: Sequence[Charge]) -> Sequence[Verdict]:
        """Judge charges one after the other, in one round trip."""
        args: list[int | str] = ["" if self.now_us is None else self.now_us]
        for charge in charges:
            args += (*charge.pace, charge.cost, int(charge.owed))
        try:
            said = await self._link.run(_SPEND, [*map(self._key, charges)], args)
        # The last is no RedisError: so redis-py says that a cluster is not there.
        except (RedisError, OSError, RedisClusterException) as error:
            raise Unavailable(f"expected an answer of Redis, got {error}") from error
        return [Verdict(*pair) for pair in zip(said[::2], said[1::2], strict=True)]

    async def close(self) -> None:
        """Let all connections go."""
        await self._link.close()

    def _key(self, charge: Charge) -> str:
        # A party may be a name of any length, or an address that is nobody's business.
        party = hashlib.blake2b(charge.party.encode("utf-8", "replace"), digest_size=12).hexdigest()
        return f"hub:{{{self._log_id}}}:limit:{charge.limit}:{party}"
