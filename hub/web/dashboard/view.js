// What all views have in common: the app they are part of, and an end to everything when they go.

export class View extends HTMLElement {
  /** { session, api, store }: set before it is shown. */
  app = null;
  #gone = new AbortController();

  connectedCallback() {
    this.#gone = new AbortController();
    this.start();
  }

  disconnectedCallback() {
    this.#gone.abort();
    this.stop?.();
  }

  /** Aborted when the view goes. */
  get gone() {
    return this.#gone.signal;
  }

  /** Listen until the view goes. */
  on(target, names, act) {
    for (const name of names.split(" ")) target.addEventListener(name, act, { signal: this.gone });
  }

  /** Do something now and every so often, while somebody looks, may, and the view is there. */
  every(ms, act) {
    const { gone } = this;
    let busy = false;
    const run = async () => {
      if (document.hidden || busy || gone.aborted || this.app.session.shut) return;
      busy = true;
      try {
        await act();
      } finally {
        busy = false;
      }
    };
    const timer = setInterval(run, ms);
    gone.addEventListener("abort", () => clearInterval(timer));
    void run();
    return run;
  }
}
