// @ts-check
/** A call as lines that a person can paste: curl, Python with httpx, JavaScript with fetch. Pure text. */

import { address } from "./api.js";

/** @typedef {import("./api.js").Call} Call */

export const LANGUAGES = /** @type {const} */ (["curl", "Python", "JavaScript"]);

/**
 * @param {Call} call
 * @param {{output?: string|null, input?: string, hasKey?: boolean}} [about] `output`: the file that the answer becomes,
 *   null for JSON that is shown; `input`: the file that is sent; `hasKey`: whether a key goes with it
 * @returns {Record<"curl"|"Python"|"JavaScript", string>}
 */
export function snippets(call, about = {}) {
  const { output = null, input = "picture.png", hasKey = false } = about;
  const url = address(call).href;
  return {
    curl: curl(call, url, output, input, hasKey),
    Python: python(call, url, output, input, hasKey),
    JavaScript: javascript(call, url, output, hasKey),
  };
}

/** @param {Call} call @param {string} url @param {string|null} output @param {string} input @param {boolean} hasKey */
function curl(call, url, output, input, hasKey) {
  const parts = [`curl ${quoted(url)}`];
  if (hasKey) parts.push(`-H "X-API-Key: $GANVAS_KEY"`);
  if (call.json) parts.push(`-d ${quoted(JSON.stringify(call.json))}`);
  if (call.file) parts.push(`--data-binary @${quoted(input)}`);
  if (output) parts.push(`-o ${output}`);
  return parts.join(" \\\n  ");
}

/** @param {Call} call @param {string} url @param {string|null} output @param {string} input @param {boolean} hasKey */
function python(call, url, output, input, hasKey) {
  const given = [literal(url)];
  if (hasKey) given.push(`headers={"X-API-Key": os.environ["GANVAS_KEY"]}`);
  if (call.json) given.push(`json=${literal(call.json)}`);
  if (call.file) given.push(`content=Path(${literal(input)}).read_bytes()`);
  given.push("timeout=60");
  return [
    hasKey ? "import os" : null,
    call.file || output ? "from pathlib import Path" : null,
    hasKey || call.file || output ? "" : null,
    "import httpx",
    "",
    `answer = httpx.${call.method.toLowerCase()}(\n    ${given.join(",\n    ")},\n)`,
    "answer.raise_for_status()",
    output ? `Path(${literal(output)}).write_bytes(answer.content)` : "print(answer.json())",
  ]
    .filter((line) => line !== null)
    .join("\n");
}

/** @param {Call} call @param {string} url @param {string|null} output @param {boolean} hasKey */
function javascript(call, url, output, hasKey) {
  const options = [];
  if (call.method !== "GET") options.push(`method: "${call.method}"`);
  const headers = [];
  if (hasKey) headers.push(`"X-API-Key": key`);
  if (call.json) headers.push(`"Content-Type": "application/json"`);
  if (headers.length) options.push(`headers: { ${headers.join(", ")} }`);
  if (call.json) options.push(`body: JSON.stringify(${JSON.stringify(call.json)})`);
  if (call.file) options.push("body: file, // a File or a Blob");
  const given = options.map((line) => `  ${line}${line.includes("//") ? "" : ","}\n`).join("");
  return [
    `const answer = await fetch(${JSON.stringify(url)}${given ? `, {\n${given}}` : ""});`,
    "if (!answer.ok) throw new Error((await answer.json()).detail);",
    output ? "const picture = await answer.blob();" : "console.log(await answer.json());",
  ].join("\n");
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
