/** WebSockets that a test plays the hub to. @module */

/** Return a class to give to a client; `all` has every socket that it opened. */
export function fakeSockets() {
  /** @type {FakeSocket[]} */
  const all = [];

  class FakeSocket {
    readyState = 0;
    binaryType = "blob";
    sent = [];
    closed = false;

    constructor(url, protocols) {
      this.url = String(url);
      this.protocols = protocols;
      this.protocol = "";
      all.push(this);
    }

    send(data) {
      this.sent.push(JSON.parse(data));
    }

    close() {
      this.readyState = 3;
      this.closed = true;
    }

    /** The hub lets it in. */
    open({ heartbeat_s = 25, welcome = true, ...more } = {}) {
      this.readyState = 1;
      this.protocol = this.protocols[0];
      this.onopen?.({});
      if (welcome) this.hear({ type: "welcome", protocol: 1, heartbeat_s, ...more });
      return this;
    }

    hear(frame) {
      this.onmessage?.({ data: JSON.stringify(frame) });
    }

    /** The hub, or the network, ends it. */
    end(code = 1006, reason = "") {
      this.readyState = 3;
      this.onclose?.({ code, reason });
    }

    /** The commands of a type that were sent. */
    commands(type = "subscribe") {
      return this.sent.filter((command) => command.type === type);
    }

    /** Answer the newest subscribe. */
    acknowledge(offset = 0, more = {}) {
      const { id, channel } = this.commands().at(-1);
      const where = { epoch: "e", offset, head: offset, recovered: false, reason: null };
      this.hear({ type: "subscribed", reply_to: id, channel, ...where, ...more });
      return this;
    }

    event(offset, more = {}) {
      const { channel = "contracts" } = more;
      const data = { contract_id: `c-${offset}`, status: "active" };
      const stamp = { id: `i${offset}`, timestamp: "2024-01-01T12:00:00Z" };
      this.hear({ type: "contract_update", channel, offset, ...stamp, data, ...more });
      return this;
    }

    snapshot(items, { channel = "contracts", more = false } = {}) {
      this.hear({ type: "snapshot", channel, items, more });
      return this;
    }
  }

  return { WebSocket: FakeSocket, all };
}
