// The page's WebSocket: it can be looked at (the inspector), and be made worse (the chaos buttons).

const KEPT = 500;

class Wire extends EventTarget {
  /** Frames as they came and went, the newest last: { at, out, text, socket }. */
  frames = [];
  /** Sockets that are open. */
  sockets = new Set();
  /** What the hub calls this page: one name a connection. */
  clients = new Set();
  /** Milliseconds that what comes is held back. */
  delayMs = 0;
  /** How much this machine's clock is ahead of the hub's, in milliseconds: the least that was seen; at home they are one. */
  skewMs = ["localhost", "127.0.0.1", "[::1]"].includes(location.hostname) ? 0 : null;

  note(out, text, socket) {
    this.frames.push({ at: Date.now(), out, text, socket: socket.number });
    if (this.frames.length > 2 * KEPT) this.frames.splice(0, KEPT);
    if (!out && text.startsWith('{"type":"welcome"')) this.#compare(text);
    this.dispatchEvent(new Event("frame"));
  }

  /** Cut every connection, as a broken network would. */
  drop() {
    this.#break(1006, "");
  }

  /** Have the hub say, as it were, that the token has run out. */
  expire() {
    this.#break(4401, '{"code":"token_expired"}');
  }

  #break(code, reason) {
    for (const socket of [...this.sockets]) socket.end(code, reason);
  }

  #compare(text) {
    const { server_time: time, client_id: client } = JSON.parse(text);
    this.clients.add(client);
    const skew = Date.now() - Date.parse(time);
    this.skewMs = this.skewMs === null ? skew : Math.min(this.skewMs, skew);
  }
}

export const wire = new Wire();
let sockets = 0;

/** What the client takes for the platform's WebSocket. */
export class WireSocket extends WebSocket {
  number = ++sockets;
  #onmessage = null;
  #onclose = null;
  #held = Promise.resolve();

  constructor(address, protocols) {
    super(address, protocols);
    wire.sockets.add(this);
    this.addEventListener("message", (event) => this.#came(event));
    this.addEventListener("close", (event) => {
      wire.sockets.delete(this);
      this.#onclose?.(event);
    });
  }

  set onmessage(act) {
    this.#onmessage = act;
  }

  set onclose(act) {
    this.#onclose = act;
  }

  send(text) {
    // A token is nobody's to look at, not even of who has pasted it and shows the screen to others.
    wire.note(true, text.startsWith('{"type":"auth"') ? '{"type":"auth","token":"…"}' : text, this);
    super.send(text);
  }

  /** End it as if the other side had. */
  end(code, reason) {
    const told = this.#onclose;
    this.onopen = this.#onmessage = this.#onclose = null;
    wire.sockets.delete(this);
    this.close();
    told?.({ code, reason });
  }

  #came(event) {
    if (!wire.delayMs && !this.#late) return this.#take(event);
    this.#late += 1;
    // In the order in which they came, also while the delay ends.
    const wait = new Promise((done) => setTimeout(done, wire.delayMs));
    this.#held = Promise.all([this.#held, wait]).then(() => {
      this.#late -= 1;
      this.#take(event);
    });
  }

  #late = 0;

  #take(event) {
    if (!this.#onmessage) return;
    wire.note(false, event.data, this);
    this.#onmessage(event);
  }
}
