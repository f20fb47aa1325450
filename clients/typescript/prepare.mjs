// Builds the client (npm's `prepare`). `npm install PATH` from another project does not install the compiler: do it here.
import { execFileSync, execSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const cwd = fileURLToPath(new URL(".", import.meta.url));
const compiler = fileURLToPath(new URL("node_modules/typescript/bin/tsc", import.meta.url));
if (!existsSync(compiler)) execSync("npm ci --include=dev --ignore-scripts", { cwd, stdio: "inherit" });
execFileSync(process.execPath, [compiler], { cwd, stdio: "inherit" });
