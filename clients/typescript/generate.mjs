// Writes src/openapi.ts from the OpenAPI document on standard input (`make client-types`).
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import openapiTS, { astToString } from "openapi-typescript";

const page = await text(process.stdin);
const digest = createHash("sha256").update(page).digest("hex");
const types = astToString(await openapiTS(JSON.parse(page), { defaultNonNullable: false }));
const head = `// Generated from the OpenAPI page by generate.mjs (make client-types); not to be edited.\n// Page: sha256 ${digest}\n\n`;
const target = process.argv[2] ?? new URL("src/openapi.ts", import.meta.url);
writeFileSync(target, head + types);
