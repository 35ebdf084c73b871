/**
 * Write the types of the wire, as the hub's own documents have them.
 *
 * `node scripts/types.js http://localhost:8000 > src/types.d.ts`, or `make types`, which needs no hub:
 * then both documents come as {"openapi": …, "asyncapi": …} on stdin.
 * @module
 */

import { readFileSync } from "node:fs";

const DIRECTIONS = { command: "Command", reply: "Reply", push: "Push" };
const HEAD = `/**
 * What travels between the hub and its clients; made by scripts/types.js from /openapi.json and
 * /asyncapi.json. Do not edit: \`make types\`.
 */
`;

/** Return a type of TypeScript for a JSON Schema. */
function typeOf(schema, indent) {
  if (schema.$ref) return schema.$ref.split("/").at(-1);
  if (schema.anyOf) return [...new Set(schema.anyOf.map((one) => typeOf(one, indent)))].join(" | ");
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  switch (schema.type) {
    case "object":
      return objectOf(schema, indent);
    case "array":
      return listOf(schema, indent);
    case "integer":
    case "number":
      return "number";
    case "string":
    case "boolean":
    case "null":
      return schema.type;
    default:
      return "unknown";
  }
}

function listOf({ items }, indent) {
  const type = typeOf(items ?? {}, indent);
  return type.includes(" ") ? `Array<${type}>` : `${type}[]`;
}

function objectOf({ properties, additionalProperties: others, required = [] }, indent) {
  if (!properties) {
    return `Record<string, ${typeof others === "object" ? typeOf(others, indent) : "unknown"}>`;
  }
  const inner = `${indent}  `;
  const lines = Object.entries(properties).map(([name, schema]) => {
    const key = /^\w+$/.test(name) ? name : JSON.stringify(name);
    const comment = schema.description ? `${inner}/** ${oneLine(schema.description)} */\n` : "";
    return `${comment}${inner}${key}${required.includes(name) ? "" : "?"}: ${typeOf(schema, inner)};`;
  });
  return `{\n${lines.join("\n")}\n${indent}}`;
}

function declaration(name, schema) {
  const comment = schema.description ? `/** ${oneLine(schema.description)} */\n` : "";
  const type = typeOf(schema, "");
  return type.startsWith("{") ? `${comment}export interface ${name} ${type}` : `${comment}export type ${name} = ${type};`;
}

function oneLine(text) {
  return text.split("\n\n")[0].replaceAll(/\s+/g, " ").replaceAll("*/", "* /").trim();
}

/** Return the declarations of both documents. */
function declarations({ openapi, asyncapi }) {
  const schemas = { ...openapi.components.schemas, ...asyncapi.components.schemas };
  const messages = Object.entries(asyncapi.components.messages);
  const unions = { Command: [], Reply: [], Push: [], EventFrame: [] };
  for (const [key, { title, payload }] of messages) {
    const [direction] = key.split(".");
    const suffix = DIRECTIONS[direction];
    const name = suffix ? `${title}${suffix}` : payload.$ref.split("/").at(-1);
    if (suffix) schemas[name] = payload;
    unions[suffix ?? "EventFrame"].push(name);
  }
  const names = Object.keys(schemas).sort((one, other) => (one < other ? -1 : 1));
  const unionLines = Object.entries(unions).map(
    ([name, members]) => `export type ${name} =\n${members.sort().map((one) => `  | ${one}`).join("\n")};`,
  );
  return [HEAD, ...names.map((name) => declaration(name, schemas[name])), ...unionLines].join("\n").concat("\n");
}

async function documents(address) {
  if (!address) return JSON.parse(readFileSync(0, "utf8"));
  const get = async (path) => (await fetch(new URL(path, address))).json();
  return { openapi: await get("/openapi.json"), asyncapi: await get("/asyncapi.json") };
}

process.stdout.write(declarations(await documents(process.argv[2])));
