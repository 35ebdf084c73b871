/**
 * MessagePack instead of JSON: `new HubClient(url, { format: msgpack })`. Needs `@msgpack/msgpack`.
 * @module
 */

import { decode, encode } from "@msgpack/msgpack";

/** @type {import("./websocket.js").Format} */
export const msgpack = {
  subprotocol: "hub.v1.msgpack",
  encode: (command) => encode(command),
  decode: (data) => decode(new Uint8Array(data)),
};
