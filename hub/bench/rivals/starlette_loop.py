"""A Starlette application that sends every post to every socket, one after the other.

`uvicorn hub.bench.rivals.starlette_loop:app`
"""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

clients: set[WebSocket] = set()


async def follow(websocket: WebSocket) -> None:
    """Take a subscriber in, until it leaves."""
    await websocket.accept()
    clients.add(websocket)
    try:
        await websocket.send_text('{"type":"welcome"}')
        while True:
            await websocket.receive_text()
    except WebSocketDisconnect:
        pass
    finally:
        clients.discard(websocket)


async def publish(request: Request) -> Response:
    """Send a post to everybody."""
    text = (await request.body()).decode()
    for client in list(clients):
        try:
            await client.send_text(text)
        except (RuntimeError, WebSocketDisconnect):
            clients.discard(client)  # it left while others were sent to
    return Response(status_code=204)


app = Starlette(
    routes=[WebSocketRoute("/follow", follow), Route("/publish", publish, methods=["POST"])]
)
