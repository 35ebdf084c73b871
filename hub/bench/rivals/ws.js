// Node `ws`: every post goes to every socket. The port is the first argument.
"use strict";
const http = require("http");
const { WebSocket, WebSocketServer } = require("ws");

const server = http.createServer((request, response) => {
  const parts = [];
  request.on("data", (part) => parts.push(part));
  request.on("end", () => {
    const text = Buffer.concat(parts);
    for (const client of sockets.clients) {
      if (client.readyState === WebSocket.OPEN) client.send(text, { binary: false });
    }
    response.writeHead(204).end();
  });
});
const sockets = new WebSocketServer({ server, perMessageDeflate: false });
sockets.on("connection", (client) => client.send('{"type":"welcome"}'));
server.keepAliveTimeout = 3600 * 1000;
server.listen({ port: Number(process.argv[2]), host: "127.0.0.1", backlog: 2048 });
