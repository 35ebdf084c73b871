"""WebSocket: the handshake, our own protocol class under uvicorn, and a plain ASGI adapter."""
