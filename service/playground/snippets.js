// @ts-check
/** Calls as lines that a person can paste: curl, Python with httpx, JavaScript with fetch. Pure text. */

import { address } from "./api.js";

/**
 * @typedef {object} Step a call, and the files that it goes between
 * @property {import("./api.js").Call} call
 * @property {string} [input] the file that is sent, which a step before may have made
 * @property {string} [output] the file that the answer becomes; without one it is JSON that is shown
 */

export const LANGUAGES = /** @type {const} */ (["curl", "Python", "JavaScript"]);

/**
 * @param {Step[]} steps in the order in which they are made
 * @param {boolean} hasKey whether a key goes with them
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
  const parts = [`curl --fail-with-body ${quoted(address(call).href)}`];
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
  const given = [literal(address(call).href)];
  if (hasKey) given.push(`headers={"X-API-Key": os.environ["GANVAS_KEY"]}`);
  if (call.json) given.push(`json=${literal(call.json)}`);
  if (call.file) given.push(`content=Path(${literal(input)}).read_bytes()`);
  given.push("timeout=60");
  return [
    "",
    `answer = httpx.${call.method.toLowerCase()}(\n    ${given.join(",\n    ")},\n)`,
    "answer.raise_for_status()",
    output ? `Path(${literal(output)}).write_bytes(answer.content)` : "print(answer.json())",
  ].join("\n");
}

/** @param {Step[]} steps @param {boolean} hasKey */
function javascript(steps, hasKey) {
  const first = steps.length > 1 ? "let answer" : "const answer";
  return steps
    .map((step, index) => {
      const made = steps.slice(0, index).some(({ output }) => output && output === step.input);
      return fetching(step, index ? "answer" : first, made, hasKey);
    })
    .join("\n\n");
}

/** @param {Step} step @param {string} answer @param {boolean} isMade by a step before @param {boolean} hasKey */
function fetching({ call, input = "", output }, answer, isMade, hasKey) {
  const options = [];
  if (call.method !== "GET") options.push(`method: "${call.method}",`);
  const headers = [];
  if (hasKey) headers.push(`"X-API-Key": key`);
  if (call.json) headers.push(`"Content-Type": "application/json"`);
  if (headers.length) options.push(`headers: { ${headers.join(", ")} },`);
  if (call.json) options.push(`body: JSON.stringify(${JSON.stringify(call.json)}),`);
  const file = isMade ? `${stem(input)},` : `file, // ${JSON.stringify(input)}, as a File or a Blob`;
  if (call.file) options.push(`body: ${file}`);
  const given = options.map((line) => `  ${line}\n`).join("");
  return [
    `${answer} = await fetch(${JSON.stringify(address(call).href)}${given ? `, {\n${given}}` : ""});`,
    "if (!answer.ok) throw new Error((await answer.json()).detail);",
    output ? `const ${stem(output)} = await answer.blob();` : "console.log(await answer.json());",
  ].join("\n");
}

/** What a file that was made here is called in JavaScript. @param {string} file */
function stem(file) {
  return file.split(".")[0];
}

/** For a POSIX shell. @param {string} text */
function quoted(text) {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** As Python writes it. @param {any} value @returns {string} */
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
