// Requests to the hub. A refusal is an error with the hub's own words for it.

/** The hub refused; `message` is what it said, `help` the page that explains it. */
export class Refused extends Error {
  constructor(status, problem) {
    super(problem.detail ?? problem.title ?? `answered ${status}`);
    this.status = status;
    this.code = problem.code ?? String(status);
    this.help = problem.type?.startsWith?.("/docs/") ? problem.type : null;
    this.fields = problem.errors ?? [];
  }
}

export class Api {
  #session;

  /** session: has the `token`, and hears by `refused` that it is not good. */
  constructor(session) {
    this.#session = session;
  }

  get(path, query = {}) {
    const asked = Object.entries(query).filter(([, value]) => value !== null && value !== undefined && value !== "");
    const tail = asked.length ? `?${new URLSearchParams(asked)}` : "";
    return this.send("GET", path + tail);
  }

  async send(method, path, body) {
    const answer = await this.raw(method, path, body);
    return answer.status === 204 ? null : answer.json();
  }

  /** Return the answer as it is: a file, say. */
  async raw(method, path, body) {
    const { token, isSpent } = this.#session;
    if (isSpent) throw new Refused(401, { code: "token_refused", detail: "The hub has refused this token: paste another one." });
    const headers = token ? { authorization: `Bearer ${token}` } : {};
    if (body !== undefined) headers["content-type"] = "application/json";
    let answer;
    try {
      answer = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
    } catch {
      throw new Refused(0, { code: "network_error", detail: "The hub does not answer." });
    }
    if (answer.ok) return answer;
    const problem = await answer.json().catch(() => ({}));
    // A newer token may have been brought meanwhile.
    if (answer.status === 401 && token === this.#session.token) this.#session.refused(problem.code);
    throw new Refused(answer.status, problem);
  }
}
