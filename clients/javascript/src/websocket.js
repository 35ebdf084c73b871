/** The shell's WebSocket: what it tells, and what it is told. @module */

import { closed } from "./closing.js";

/**
 * One way to write frames down.
 *
 * @typedef {object} Format
 * @property {string} subprotocol Its name in the handshake.
 * @property {(command: object) => string | Uint8Array} encode
 * @property {(data: any) => unknown} decode
 */

/**
 * What a connection tells.
 *
 * @typedef {object} Handlers
 * @property {() => void} opened
 * @property {(frame: unknown) => void} received
 * @property {(error: unknown) => void} unreadable
 * @property {(loss: import("./closing.js").Loss) => void} lost
 */

/**
 * A connection.
 *
 * @typedef {object} Socket
 * @property {(command: Record<string, any>) => void} send
 * @property {() => void} close Nothing is told after it.
 */

/**
 * As much of a WebSocket as is used here: the platform's has it, and that of `ws`.
 *
 * @typedef {object} SocketLike
 * @property {number} readyState
 * @property {string} protocol
 * @property {any} binaryType
 * @property {any} onopen
 * @property {any} onmessage
 * @property {any} onclose
 * @property {any} onerror
 * @property {(data: any) => void} send
 * @property {() => void} close
 *
 * @typedef {new (address: string, protocols: string[]) => SocketLike} SocketClass
 */

/** @type {Format} */
export const JSON_FORMAT = {
  subprotocol: "hub.v1.json",
  encode: (command) => JSON.stringify(command),
  decode: (text) => JSON.parse(text),
};

const OPEN = 1;

/**
 * Open a WebSocket that follows nothing yet.
 * @param {SocketClass} Kind
 * @param {string} address
 * @param {Format} format
 * @param {Handlers} handlers
 * @returns {Socket}
 */
export function openWebSocket(Kind, address, format, handlers) {
  const offered = format === JSON_FORMAT ? [format] : [format, JSON_FORMAT];
  const socket = new Kind(address, offered.map((one) => one.subprotocol));
  socket.binaryType = "arraybuffer";
  let chosen = format;
  socket.onopen = () => {
    chosen = offered.find((one) => one.subprotocol === socket.protocol) ?? JSON_FORMAT;
    handlers.opened();
  };
  socket.onmessage = (/** @type {{ data: any }} */ { data }) => {
    let frame;
    try {
      frame = chosen.decode(data);
    } catch (error) {
      handlers.unreadable(error);
      return;
    }
    handlers.received(frame);
  };
  socket.onclose = (/** @type {{ code: number, reason: string }} */ { code, reason }) => handlers.lost(closed(code, reason));
  // What it is says `close`, which follows.
  socket.onerror = () => {};
  return {
    send(command) {
      // One that broke says so by itself, after what it still holds.
      if (socket.readyState === OPEN) socket.send(/** @type {any} */ (chosen.encode(command)));
    },
    close() {
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close();
    },
  };
}
