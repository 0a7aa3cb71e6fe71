// Real clients that send hashes: @apollo/client's persisted query link, or urql's persisted exchange. Runs operations one
// after another and prints for each a JSON line:
//   { data, codes, messages, sent: [{ by: "GET" | "POST" | "socket", hash, query }] }
// where `sent` is every request it took, `query` the text that went with it (null where none did). A subscription is
// over after its first result; only urql sends hashes over a socket.
//
// The job: { client: "apollo" | "urql", url, socketUrl?, token?, get?, operations: [{ query, variables? }] }

import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, gql } from "@apollo/client";
import { createPersistedQueryLink } from "@apollo/client/link/persisted-queries";
import { Client, fetchExchange, subscriptionExchange } from "@urql/core";
import { persistedExchange } from "@urql/exchange-persisted";
import { createClient as createSocket } from "graphql-ws";
import { createHash } from "node:crypto";
import WebSocket from "ws";
import { print, readJob } from "./job.mjs";

const job = readJob();
const { url, get = false } = job;
const headers = job.token === undefined ? {} : { authorization: `Bearer ${job.token}` };
const sha256 = async (text) => createHash("sha256").update(text).digest("hex");
let sent = [];

async function recordingFetch(input, init) {
  const { searchParams } = new URL(input);
  const body = init.body === undefined ? Object.fromEntries(searchParams) : JSON.parse(init.body);
  const extensions = typeof body.extensions === "string" ? JSON.parse(body.extensions) : body.extensions;
  record(init.method, { ...body, extensions });
  return fetch(input, init);
}

function record(by, { query, extensions }) {
  sent.push({ by, hash: extensions?.persistedQuery?.sha256Hash ?? null, query: query || null });
}

function apollo() {
  const http = new HttpLink({ uri: url, headers, fetch: recordingFetch });
  const link = ApolloLink.from([createPersistedQueryLink({ sha256, useGETForHashedQueries: get }), http]);
  const client = new ApolloClient({ link, cache: new InMemoryCache() });
  return async ({ query, variables }) => {
    const document = gql(query);
    const options = { variables, fetchPolicy: "no-cache", errorPolicy: "all" };
    const isMutation = document.definitions[0].operation === "mutation";
    const result = isMutation
      ? await client.mutate({ mutation: document, ...options })
      : await client.query({ query: document, ...options });
    return { data: result.data, errors: result.error && (result.error.errors ?? [result.error]) };
  };
}

function urql() {
  const socket = job.socketUrl && createSocket({ url: job.socketUrl, webSocketImpl: WebSocket, lazyCloseTimeout: 0 });
  const client = new Client({
    url,
    fetch: recordingFetch,
    fetchOptions: { headers },
    requestPolicy: "network-only",
    preferGetMethod: false,
    exchanges: [
      persistedExchange({
        preferGetForPersistedQueries: get ? "force" : false,
        enableForMutation: true,
        enableForSubscriptions: true,
      }),
      fetchExchange,
      subscriptionExchange({ forwardSubscription: (request) => ({ subscribe: (sink) => subscribe(socket, request, sink) }) }),
    ],
  });
  return async ({ query, variables }) => {
    const kind = gql(query).definitions[0].operation;
    const result = await firstOf(client[kind](query, variables ?? {}));
    return { data: result.data ?? null, errors: result.error?.graphQLErrors ?? (result.error && [result.error]) };
  };
}

function subscribe(socket, request, sink) {
  const payload = { ...request, query: request.query ?? "" };
  record("socket", payload);
  return { unsubscribe: socket.subscribe(payload, sink) };
}

function firstOf(source) {
  return new Promise((resolve) => {
    const subscription = source.subscribe((result) => {
      setImmediate(() => {
        subscription.unsubscribe(); // else the next one that is alike shares it
        resolve(result);
      });
    });
  });
}

const run = job.client === "apollo" ? apollo() : urql();
for (const operation of job.operations) {
  sent = [];
  const { data, errors = [] } = await run(operation);
  const codes = errors.map((each) => each.extensions?.code ?? null);
  print({ data, codes, messages: errors.map((each) => each.message), sent });
}
