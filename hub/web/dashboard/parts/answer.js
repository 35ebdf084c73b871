// The form of a question: its fields are those of the JSON Schema that the answer must meet.

import { h, show } from "../dom.js";

const FEW = 6;

/** Return { element, read() } for a schema; read() throws a SyntaxError where a text is no JSON. */
function field(name, schema = {}, { required = false, id }) {
  const label = schema.title ?? name;
  const hint = schema.description ? h("span", { class: "quiet" }, schema.description) : null;
  if (schema.const !== undefined) return { element: null, read: () => schema.const };
  if (Array.isArray(schema.enum)) return schema.enum.length <= FEW ? choices(label, schema, id, required) : list(label, schema, id, required);
  if (schema.type === "boolean") {
    const input = h("input", { type: "checkbox", id, checked: schema.default === true });
    return { element: h("label", { class: "check" }, input, label, hint), read: () => input.checked };
  }
  if (schema.type === "number" || schema.type === "integer") {
    const input = h("input", { type: "number", id, required, min: schema.minimum, max: schema.maximum, step: schema.type === "integer" ? 1 : "any", value: schema.default });
    return { element: h("label", { class: "field" }, label, input, hint), read: () => (input.value === "" ? undefined : Number(input.value)) };
  }
  if (schema.type === "string") {
    const long = (schema.maxLength ?? 0) > 200;
    const input = h(long ? "textarea" : "input", { id, required, minlength: schema.minLength, maxlength: schema.maxLength, value: long ? null : schema.default });
    return { element: h("label", { class: "field" }, label, input, hint), read: () => (input.value === "" && !required ? undefined : input.value) };
  }
  const input = h("textarea", { id, rows: 4, required, spellcheck: "false", placeholder: schema.type ? "JSON" : "A text, or JSON" });
  return { element: h("label", { class: "field" }, label, input, hint), read: () => free(input.value, schema.type) };
}

function free(text, type) {
  if (text === "") return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    // Nothing was said of its form: then a text is an answer, too.
    if (type === undefined) return text;
    throw new SyntaxError(`expected JSON: ${error.message}`);
  }
}

function choices(label, schema, id, required) {
  const inputs = schema.enum.map((value, index) => {
    const input = h("input", { type: "radio", name: id, id: `${id}-${index}`, required, checked: schema.default === value });
    return { input, value, element: h("label", { class: "check" }, input, String(value)) };
  });
  const element = h("fieldset", {}, h("legend", {}, label), inputs.map((one) => one.element));
  return { element, read: () => inputs.find(({ input }) => input.checked)?.value };
}

function list(label, schema, id, required) {
  const select = h("select", { id, required }, h("option", { value: "" }, "choose"), schema.enum.map((value, index) => h("option", { value: index }, String(value))));
  return { element: h("label", { class: "field" }, label, select), read: () => (select.value === "" ? undefined : schema.enum[select.value]) };
}

/** Return { elements, read() } of what a schema asks for. */
function form(schema) {
  if (schema?.type !== "object" || !schema.properties) {
    const one = field("Your answer", schema ?? {}, { required: true, id: "answer" });
    return { elements: [one.element], read: one.read };
  }
  const required = new Set(schema.required ?? []);
  const fields = Object.entries(schema.properties).map(([name, one], index) => [name, field(name, one, { required: required.has(name), id: `answer-${index}` })]);
  const read = () => Object.fromEntries(fields.map(([name, one]) => [name, one.read()]).filter(([, value]) => value !== undefined));
  return { elements: fields.map(([, one]) => one.element), read };
}

class HubAnswer extends HTMLElement {
  #asked = "";

  /** job: in NEEDS_INPUT; send(answer) rejects with the hub's words. The form stays while the question does. */
  ask(job, send) {
    const request = job.input_request ?? { prompt: job.message ?? "This job waits for an answer." };
    const asked = JSON.stringify([job.job_id, request]);
    if (asked === this.#asked) return;
    this.#asked = asked;
    const { elements, read } = form(request.schema);
    const fault = h("p", { class: "fault", role: "alert" });
    const button = h("button", { type: "submit" }, "Answer");
    const submit = async (event) => {
      event.preventDefault();
      fault.textContent = "";
      button.disabled = true;
      try {
        await send(read());
      } catch (error) {
        fault.textContent = error.message;
      } finally {
        button.disabled = false;
      }
    };
    show(this, h("form", { class: "answer", onsubmit: submit }, h("p", { class: "prompt" }, request.prompt), elements, fault, h("div", { class: "line" }, button)));
  }

  forget() {
    this.#asked = "";
    show(this);
  }
}

customElements.define("hub-answer", HubAnswer);
