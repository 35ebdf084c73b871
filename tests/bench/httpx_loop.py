"""What a plain program would do: sign each event and post it by httpx, so many at a time.

`python httpx_loop.py URL COUNT AT_ONCE`; prints seconds and processor seconds.
"""

import asyncio
import base64
import hashlib
import hmac
import itertools
import json
import sys
import time

import httpx
import uvloop

SECRET = b"0123456789abcdef0123456789abcdef"
BODY = (
    b'{"type":"contract_update","channel":"contracts","offset":1,'
    b'"id":"01890a5d-ac96-774b-bcce-b302099a8057","timestamp":"2024-01-01T12:00:00.000000Z",'
    b'"data":{"contract_id":"c-1","location":"Mumbai","status":"active",'
    b'"timestamp":"2024-01-01T12:00:00"}}'
)


def headers(number: int) -> dict[str, str]:
    """Return the headers of Standard Webhooks."""
    name, at_s = f"id-{number}", str(int(time.time()))
    signed = f"{name}.{at_s}.".encode() + BODY
    digest = base64.b64encode(hmac.new(SECRET, signed, hashlib.sha256).digest()).decode()
    return {
        "content-type": "application/json",
        "webhook-id": name,
        "webhook-timestamp": at_s,
        "webhook-signature": f"v1,{digest}",
    }


async def send(url: str, count: int, at_once: int) -> None:
    """Send them all."""
    numbers = itertools.count()
    limits = httpx.Limits(max_connections=at_once, max_keepalive_connections=at_once)
    async with httpx.AsyncClient(limits=limits, trust_env=False) as client:

        async def work() -> None:
            while (number := next(numbers)) < count:
                answer = await client.post(url, content=BODY, headers=headers(number))
                answer.raise_for_status()

        await asyncio.gather(*(work() for _ in range(at_once)))


if __name__ == "__main__":
    began_s, began_cpu_s = time.perf_counter(), time.process_time()
    uvloop.run(send(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
    sys.stdout.write(json.dumps([time.perf_counter() - began_s, time.process_time() - began_cpu_s]))
