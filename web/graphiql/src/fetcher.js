// Carries operations to the server: queries and mutations by POST, subscriptions by graphql-transport-ws, both to the
// same path and both with the Authorization of the headers editor.

import { GraphQLError } from "graphql";
import { createClient } from "graphql-ws";
import { config } from "./config.js";

const RETRIES_MAX = 3;
const endpoint = new URL(config.path, location.href);
const socketEndpoint = new URL(endpoint);
socketEndpoint.protocol = endpoint.protocol === "https:" ? "wss:" : "ws:";

export function fetcher(operation, { headers = {}, documentAST } = {}) {
  return isSubscription(documentAST, operation.operationName) ? subscribe(operation, headers) : post(operation, headers);
}

function isSubscription(document, name) {
  const operations = (document?.definitions ?? []).filter((each) => each.kind === "OperationDefinition");
  const chosen = operations.find((each) => each.name?.value === name) ?? operations[0];
  return chosen?.operation === "subscription";
}

async function post(operation, headers) {
  const response = await fetch(endpoint, {
    method: "POST",
    headers: {
      Accept: "application/graphql-response+json, application/json;q=0.9",
      "Content-Type": "application/json",
      ...headers,
    },
    body: JSON.stringify(operation),
  });
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`The server answered ${response.status} ${response.statusText}: ${text.slice(0, 500)}`);
  }
}

// One client per run, so the token of the moment is the one that is sent; its socket ends with the subscription.
async function* subscribe(operation, headers) {
  const client = createClient({
    url: socketEndpoint.href,
    connectionParams: authorization(headers),
    retryAttempts: RETRIES_MAX,
  });
  try {
    yield* client.iterate(operation);
  } catch (error) {
    throw readable(error);
  } finally {
    await client.dispose();
  }
}

function authorization(headers) {
  const name = Object.keys(headers).find((each) => each.toLowerCase() === "authorization");
  return name === undefined ? {} : { Authorization: headers[name] };
}

function readable(error) {
  if (Array.isArray(error)) return error.map((each) => new GraphQLError(each.message, each));
  if (error instanceof CloseEvent) {
    return new Error(`The server closed the socket: ${error.code} ${error.reason}`.trim());
  }
  return error instanceof Error ? error : new Error("The server cannot be reached by WebSocket.");
}
