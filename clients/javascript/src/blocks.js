/** Server-Sent Events as text, without I/O (WHATWG HTML, 9.2.6): text in, blocks out. @module */

/**
 * @typedef {object} Block
 * @property {string} event Its name; `message` where none was given.
 * @property {string} data
 * @property {number | null} retry The newest that the hub said before it.
 */

export class Blocks {
  #rest = "";
  #event = "";
  /** @type {string[]} */
  #data = [];
  /** @type {number | null} */
  #retry = null;
  #begun = false;

  /**
   * Take text, cut anywhere; return the blocks that are whole now.
   * @param {string} text
   * @returns {Block[]}
   */
  take(text) {
    if (!this.#begun && text.length > 0) {
      this.#begun = true;
      text = text.replace(/^\uFEFF/, "");
    }
    const lines = (this.#rest + text).split(/\r\n|\n|\r(?!$)/);
    // A CR at the end may be half of a CRLF: it stays with what is not whole.
    this.#rest = lines.pop() ?? "";
    return lines.flatMap((line) => this.#line(line));
  }

  /**
   * @param {string} line
   * @returns {Block[]}
   */
  #line(line) {
    if (line === "") return this.#end();
    const at = line.indexOf(":");
    const name = at < 0 ? line : line.slice(0, at);
    const value = at < 0 ? "" : line.slice(at + 1).replace(/^ /, "");
    if (name === "data") this.#data.push(value);
    else if (name === "event") this.#event = value;
    else if (name === "retry" && /^[0-9]+$/.test(value)) this.#retry = Number(value);
    return [];
  }

  #end() {
    const block = { event: this.#event || "message", data: this.#data.join("\n"), retry: this.#retry };
    const told = this.#data.length > 0;
    this.#event = "";
    this.#data = [];
    if (told) this.#retry = null;
    return told ? [block] : [];
  }
}
