// @ts-check
/** Calls as code to copy: curl, Python with httpx, JavaScript with fetch. Produces text only. */

import { urlOf } from "./api.js";

/**
 * @typedef {object} Step a call with its input file and its output file
 * @property {import("./api.js").Call} call
 * @property {string} [input] the file that is sent; an earlier step may have written it
 * @property {string} [output] the file that the response is written to; without it the response is JSON and is printed
 */

export const LANGUAGES = /** @type {const} */ (["curl", "Python", "JavaScript"]);

/**
 * @param {Step[]} steps in order
 * @param {boolean} hasKey whether an API key is sent
 * @returns {Record<"curl"|"Python"|"JavaScript", string>}
 */
export function snippets(steps, hasKey) {
  return {
    curl: steps.map((step) => curl(step, hasKey)).join(" &&\n"),
    Python: python(steps, hasKey),
    JavaScript: javascript(steps, hasKey),
  };
}

/** @param {Step} step @param {boolean} hasKey */
function curl({ call, input = "", output }, hasKey) {
  const parts = [`curl --fail-with-body ${quoted(urlOf(call).href)}`];
  if (hasKey) parts.push(`-H "X-API-Key: $GANVAS_KEY"`);
  if (call.json) parts.push(`-d ${quoted(JSON.stringify(call.json))}`);
  if (call.file) parts.push(`--data-binary @${quoted(input)}`);
  if (output) parts.push(`-o ${output}`);
  return parts.join(" \\\n  ");
}

/** @param {Step[]} steps @param {boolean} hasKey */
function python(steps, hasKey) {
  const imports = [];
  if (hasKey) imports.push("import os");
  if (steps.some(({ call, output }) => call.file || output)) imports.push("from pathlib import Path");
  if (imports.length) imports.push("");
  return [...imports, "import httpx", ...steps.map((step) => httpx(step, hasKey))].join("\n");
}

/** @param {Step} step @param {boolean} hasKey */
function httpx({ call, input = "", output }, hasKey) {
  const args = [literal(urlOf(call).href)];
  if (hasKey) args.push(`headers={"X-API-Key": os.environ["GANVAS_KEY"]}`);
  if (call.json) args.push(`json=${literal(call.json)}`);
  if (call.file) args.push(`content=Path(${literal(input)}).read_bytes()`);
  args.push("timeout=60");
  return [
    "",
    `response = httpx.${call.method.toLowerCase()}(\n    ${args.join(",\n    ")},\n)`,
    "response.raise_for_status()",
    output ? `Path(${literal(output)}).write_bytes(response.content)` : "print(response.json())",
  ].join("\n");
}

/** @param {Step[]} steps @param {boolean} hasKey */
function javascript(steps, hasKey) {
  const first = steps.length > 1 ? "let response" : "const response";
  return steps
    .map((step, index) => {
      const isOutput = steps.slice(0, index).some(({ output }) => output && output === step.input);
      return fetchCode(step, index ? "response" : first, isOutput, hasKey);
    })
    .join("\n\n");
}

/** @param {Step} step @param {string} target @param {boolean} isOutput of an earlier step @param {boolean} hasKey */
function fetchCode({ call, input = "", output }, target, isOutput, hasKey) {
  const options = [];
  if (call.method !== "GET") options.push(`method: "${call.method}",`);
  const headers = [];
  if (hasKey) headers.push(`"X-API-Key": key`);
  if (call.json) headers.push(`"Content-Type": "application/json"`);
  if (headers.length) options.push(`headers: { ${headers.join(", ")} },`);
  if (call.json) options.push(`body: JSON.stringify(${JSON.stringify(call.json)}),`);
  const file = isOutput ? `${stem(input)},` : `file, // ${JSON.stringify(input)}, as a File or a Blob`;
  if (call.file) options.push(`body: ${file}`);
  const lines = options.map((line) => `  ${line}\n`).join("");
  return [
    `${target} = await fetch(${JSON.stringify(urlOf(call).href)}${lines ? `, {\n${lines}}` : ""});`,
    "if (!response.ok) throw new Error((await response.json()).detail);",
    output ? `const ${stem(output)} = await response.blob();` : "console.log(await response.json());",
  ].join("\n");
}

/** The JavaScript variable for an output file. @param {string} file */
function stem(file) {
  return file.split(".")[0];
}

/** Quotes text for a POSIX shell. @param {string} text */
function quoted(text) {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** A value as a Python literal. @param {any} value @returns {string} */
function literal(value) {
  if (value === null) return "None";
  if (value === true) return "True";
  if (value === false) return "False";
  if (Array.isArray(value)) return `[${value.map(literal).join(", ")}]`;
  if (typeof value === "object")
    return `{${Object.entries(value)
      .map(([name, part]) => `${JSON.stringify(name)}: ${literal(part)}`)
      .join(", ")}}`;
  return JSON.stringify(value);
}
