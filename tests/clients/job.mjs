// A job comes as JSON, as the one argument or on standard input; results go out as one JSON line each.

import { readFileSync } from "node:fs";

export function readJob() {
  return JSON.parse(process.argv[2] ?? readFileSync(0, "utf8"));
}

export function print(line) {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
