// A real graphql-ws client. Runs one operation over graphql-transport-ws and prints each message as a JSON line:
//   {"next": <execution result>}  {"error": [<GraphQL errors>]}  {"closed": {code, reason}}  {"complete": true}
// and, when it stops by itself, {"stopped": "count" | "timeout"}.
//
// The job: { url, token?, connectionParams?, query, variables?, operationName?, count?, timeoutMs?, retryAttempts? }
// It stops after `count` results, or after `timeoutMs` (10 s unless said otherwise) without having got there.

import { createClient } from "graphql-ws";
import WebSocket from "ws";
import { print, readJob } from "./job.mjs";

const job = readJob();
const { query, variables, operationName, count = Infinity, timeoutMs = 10_000, retryAttempts = 0 } = job;
const authorization = job.token === undefined ? {} : { Authorization: `Bearer ${job.token}` };

const client = createClient({
  url: job.url,
  webSocketImpl: WebSocket,
  connectionParams: { ...authorization, ...job.connectionParams },
  retryAttempts,
  retryWait: () => new Promise((done) => setTimeout(done, 1000)), // its own waits double each time
  shouldRetry: () => true, // also where nothing listens yet, which it takes for the end unless told so
});

const results = client.iterate({ query, variables, operationName });
const deadline = setTimeout(() => stop("timeout"), timeoutMs);
let stopped = false;
let seen = 0;

async function stop(why) {
  if (stopped) return;
  stopped = true;
  clearTimeout(deadline);
  print({ stopped: why });
  await results.return();
  await client.dispose();
}

try {
  for await (const result of results) {
    if (stopped) break;
    print({ next: result });
    seen += 1;
    if (seen >= count) await stop("count");
  }
  if (!stopped) print({ complete: true });
} catch (error) {
  if (!stopped) print(said(error));
}
clearTimeout(deadline);
await client.dispose();

function said(error) {
  if (Array.isArray(error)) return { error };
  if (typeof error?.code === "number") return { closed: { code: error.code, reason: error.reason } };
  return { closed: { code: null, reason: String(error?.message ?? error) } };
}
