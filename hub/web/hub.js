// One WebSocket to the hub that comes back by itself. Where it can it resumes and misses nothing;
// where it cannot (a gap, another log) it loads the newest state instead. See /docs/protocol.

const FINAL = new Set([1002, 1003, 1007, 1008, 1009, 1010]);
const SHORTEST_MS = 500;
const LONGEST_MS = 20_000;

export class Hub {
  #channels;
  #told;
  #socket = null;
  #positions = new Map(); // channel -> {epoch, offset}, the last that was seen in full
  #loading = new Map(); // channel -> the snapshot that is being received
  #tries = 0;
  #silence = 0; // timer: so long without a frame means that the connection is dead
  #silence_ms = 60_000;
  #again = 0; // timer: when to come back
  #token = ""; // who comes; it goes into the first frame, never into an address
  #principal = "";

  // told: {state(word, text), reset(channel, items), event(event), status(report),
  // known(principal, is_other), ask(what happened to the token; empty: there was none)}
  constructor(channels, told, token) {
    this.#channels = channels;
    this.#told = told;
    this.#token = token;
    addEventListener("online", () => this.#again && this.#open());
    this.#open();
  }

  // Come with another token, after `ask`.
  enter(token) {
    this.#token = token;
    this.#tries = 0;
    this.#open();
  }

  send(command) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(command));
  }

  #open() {
    clearTimeout(this.#again);
    this.#again = 0;
    this.#told.state("connecting", "connecting");
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    // `channels=` is empty: nothing comes before it is asked for.
    const socket = new WebSocket(`${scheme}//${location.host}/ws?channels=`, "hub.v1.json");
    // A hub that wants to know who comes takes nothing else first, and says so at once.
    socket.onopen = () => this.send(this.#token ? { type: "auth", token: this.#token } : { type: "ping" });
    socket.onmessage = ({ data }) => this.#take(JSON.parse(data));
    socket.onclose = ({ code, reason }) => this.#lost(code, reason);
    this.#socket = socket;
    this.#listen();
  }

  #take(frame) {
    this.#listen();
    switch (frame.type) {
      case "welcome":
        this.#tries = 0;
        this.#silence_ms = (frame.heartbeat_s * 2 + 5) * 1000;
        this.#told.state("connected", "live");
        this.#channels.forEach((channel) => this.#subscribe(channel));
        break;
      case "auth_ok":
        this.#known(frame.principal);
        break;
      case "subscribed":
        this.#subscribed(frame);
        break;
      case "snapshot":
        this.#load(frame);
        break;
      case "gap":
        this.#subscribe(frame.channel, true);
        break;
      case "status":
        this.#told.status(frame);
        break;
      case "error":
        // Only a reply has no channel. A subscribe that was refused is tried again a little later.
        // What is not allowed will not be: the other channels go on without it.
        if (frame.details?.code === "forbidden") break;
        if (!frame.channel && frame.reply_to?.startsWith?.("subscribe ")) {
          setTimeout(() => this.#subscribe(frame.reply_to.split(" ")[1], true), 2000);
        }
        break;
      default:
        // Not what else is told of a channel: that it is behind, that it may be read no longer.
        if (frame.channel && frame.data) this.#event(frame);
    }
  }

  #known(principal) {
    const isOther = this.#principal !== "" && this.#principal !== principal;
    if (isOther) this.#positions.clear();
    this.#principal = principal;
    if (this.#token) this.#told.known(principal, isOther);
  }

  #subscribe(channel, anew = false) {
    const since = anew ? undefined : this.#positions.get(channel);
    const start = since ? { since } : { snapshot: true };
    this.send({ type: "subscribe", id: `subscribe ${channel}`, channel, ...start });
  }

  #subscribed({ channel, epoch, offset, recovered, reason }) {
    if (recovered) return;
    if (reason) this.#subscribe(channel, true);
    else this.#loading.set(channel, { items: [], position: { epoch, offset } });
  }

  #load({ channel, items, more }) {
    const loading = this.#loading.get(channel);
    if (!loading) return;
    loading.items.push(...items);
    if (more) return;
    this.#loading.delete(channel);
    this.#positions.set(channel, loading.position);
    this.#told.reset(channel, loading.items);
  }

  #event(event) {
    const position = this.#positions.get(event.channel);
    if (position && event.offset) position.offset = event.offset;
    this.#told.event(event);
  }

  #listen() {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.#lost(1006, ""), this.#silence_ms);
  }

  #lost(code, reason) {
    clearTimeout(this.#silence);
    this.#loading.clear();
    this.#socket.onopen = this.#socket.onmessage = this.#socket.onclose = null;
    this.#socket.close();
    const said = parse(reason);
    if (code === 4501 || code === 4401) {
      this.#told.state("disconnected", this.#token ? "token refused" : "token needed", said.code);
      this.#told.ask(this.#token ? (said.code ?? String(code)) : "");
      return;
    }
    const word = said.code ?? (code === 1006 ? "no connection" : `closed with ${code}`);
    if (FINAL.has(code) || (code >= 4500 && code < 5000)) {
      this.#told.state("disconnected", word, said.code ?? String(code));
      return;
    }
    const most = Math.min(LONGEST_MS, SHORTEST_MS * 2 ** this.#tries++);
    // The hub may have asked everybody the same: what it asked, and up to a quarter more.
    const asked = said.retry_after_ms * (1 + Math.random() / 4);
    const wait = asked || Math.max(SHORTEST_MS, Math.random() * most);
    this.#told.state("connecting", `${word}, again in ${Math.ceil(wait / 1000)} s`);
    this.#again = setTimeout(() => this.#open(), wait);
  }
}

function parse(reason) {
  try {
    return Object(JSON.parse(reason));
  } catch {
    return {};
  }
}
