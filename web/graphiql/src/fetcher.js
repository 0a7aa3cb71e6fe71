// Carries operations to the server: queries and mutations by POST, subscriptions by graphql-transport-ws, both to the
// same path and both with the Authorization of the headers editor.

import { parse } from "graphql";
import { createClient } from "graphql-ws";
import { config } from "./config.js";

const RETRIES_MAX = 3;
const endpoint = new URL(config.path, location.href);
const socketEndpoint = new URL(endpoint);
socketEndpoint.protocol = endpoint.protocol === "https:" ? "wss:" : "ws:";

export function fetcher(operation, { headers = {} } = {}) {
  const operations = operationsOf(operation.query);
  const named = operations.find((each) => each.name?.value === operation.operationName);
  const chosen = named ?? (operations.length === 1 ? operations[0] : undefined);
  // GraphiQL learns the name a moment after the typing; whoever runs at once would send the name of before.
  const meant = chosen ? { ...operation, operationName: chosen.name?.value } : operation;
  return chosen?.operation === "subscription" ? subscribe(meant, headers) : post(meant, headers);
}

function operationsOf(query) {
  try {
    return parse(query).definitions.filter((each) => each.kind === "OperationDefinition");
  } catch {
    return []; // the server says what is wrong with it
  }
}

async function post(operation, headers) {
  const kinds = {
    Accept: "application/graphql-response+json, application/json;q=0.9",
    "Content-Type": "application/json",
  };
  const body = JSON.stringify(operation);
  let answer = "The server cannot be reached";
  try {
    const response = await fetch(endpoint, { method: "POST", headers: { ...kinds, ...headers }, body });
    answer = `The server answered ${response.status} ${response.statusText}`;
    return await response.json();
  } catch (error) {
    return failed(`${answer}: ${error.message}`);
  }
}

// One client per run, so the token of the moment is the one that is sent; its socket ends with the subscription.
async function* subscribe(operation, headers) {
  const client = createClient({
    url: socketEndpoint.href,
    connectionParams: authorization(headers),
    retryAttempts: RETRIES_MAX,
    shouldRetry: () => true, // a server that restarts refuses at first
  });
  try {
    yield* client.iterate(operation);
  } catch (error) {
    yield readable(error);
  } finally {
    await client.dispose();
  }
}

function authorization(headers) {
  const name = Object.keys(headers).find((each) => each.toLowerCase() === "authorization");
  return name === undefined ? {} : { Authorization: headers[name] };
}

function readable(error) {
  if (Array.isArray(error)) return { errors: error };
  if (error instanceof CloseEvent) return failed(`The server closed the socket: ${error.code} ${error.reason}`.trim());
  return failed(error instanceof Error ? error.message : "The server cannot be reached by WebSocket.");
}

function failed(message) {
  return { errors: [{ message }] };
}
