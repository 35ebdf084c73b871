"""What the hub is measured against: a bare starlette application that echoes a body."""

import sys

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route


async def echo(request: Request) -> Response:
    """Read JSON and send it back."""
    return JSONResponse(await request.json())


def main() -> None:
    """Serve on the port that the first argument names."""
    app = Starlette(routes=[Route("/update", echo, methods=["POST"])])
    uvicorn.run(app, port=int(sys.argv[1]), access_log=False, log_level="warning")


if __name__ == "__main__":
    main()
