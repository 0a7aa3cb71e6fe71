// A client that stays: graphql-ws itself, Apollo's GraphQLWsLink or urql's subscriptionExchange, each over one graphql-ws
// socket that carries all of its operations. It is told what to do on standard input, a JSON line each:
//   { start: name, query, variables? }      any kind of operation
//   { stop: name }                          the client wants no more of it
// and prints a JSON line for each thing that happens:
//   { socket: "connected" }  { socket: "closed", code }
//   { of: name, next: { data, codes } }  { of: name, error: [codes or messages] }  { of: name, complete: true }
//
// The job, as its argument: { client: "graphql-ws" | "apollo" | "urql", socketUrl, token? }
// It connects again for ever, and ends with its standard input.

import { ApolloClient, InMemoryCache, gql } from "@apollo/client";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import { Client, subscriptionExchange } from "@urql/core";
import { createClient } from "graphql-ws";
import { createInterface } from "node:readline";
import { onEnd, pipe, subscribe } from "wonka";
import WebSocket from "ws";
import { print, readJob } from "./job.mjs";

const RETRY_MS = 50;
const job = readJob();
const socket = createClient({
  url: job.socketUrl,
  webSocketImpl: WebSocket,
  connectionParams: job.token === undefined ? {} : { Authorization: `Bearer ${job.token}` },
  lazy: false, // else the socket goes with the last operation that it has
  retryAttempts: Infinity,
  retryWait: () => new Promise((done) => setTimeout(done, RETRY_MS)),
  shouldRetry: () => true, // graphql-ws alone would take a refused connection for the end
  on: {
    connected: () => print({ socket: "connected" }),
    closed: ({ code }) => print({ socket: "closed", code }),
  },
});

// Each takes an operation and a sink, and gives what stops it.
const clients = {
  "graphql-ws": () => (operation, sink) => socket.subscribe(operation, sink),

  apollo() {
    const client = new ApolloClient({ link: new GraphQLWsLink(socket), cache: new InMemoryCache() });
    const options = { fetchPolicy: "no-cache", errorPolicy: "all" };
    const shown = ({ data, error }) => ({ data, errors: error && (error.errors ?? [error]) });
    return ({ query, variables }, sink) => {
      const document = gql(query);
      const kind = document.definitions[0].operation;
      if (kind === "subscription") {
        const pushes = client.subscribe({ query: document, variables, ...options });
        const subscription = pushes.subscribe({ ...sink, next: (result) => sink.next(shown(result)) });
        return () => subscription.unsubscribe();
      }
      const answer =
        kind === "mutation"
          ? client.mutate({ mutation: document, variables, ...options })
          : client.query({ query: document, variables, ...options });
      return once(answer.then(shown), sink);
    };
  },

  urql() {
    const forwardSubscription = (request) => ({
      subscribe: (sink) => ({ unsubscribe: socket.subscribe({ ...request, query: request.query ?? "" }, sink) }),
    });
    const exchanges = [subscriptionExchange({ forwardSubscription, enableAllOperations: true })];
    const client = new Client({ url: "http://unused", exchanges, requestPolicy: "network-only" });
    const shown = ({ data, error }) => ({ data, errors: error && (error.graphQLErrors.length ? error.graphQLErrors : [error]) });
    return ({ query, variables }, sink) => {
      const kind = gql(query).definitions[0].operation;
      if (kind !== "subscription") return once(client[kind](query, variables ?? {}).toPromise().then(shown), sink);
      const pushes = client.subscription(query, variables ?? {});
      const ended = onEnd(() => sink.complete());
      let last;
      const take = (result) => {
        // At its end urql gives the last result again, now as one that nothing follows.
        const text = JSON.stringify(shown(result));
        if (result.hasNext || text !== last) sink.next(shown(result));
        last = text;
      };
      return pipe(pushes, ended, subscribe(take)).unsubscribe;
    };
  },
};

function once(answer, sink) {
  answer.then((result) => {
    sink.next(result);
    sink.complete();
  }, sink.error);
  return () => {};
}

// Apollo asks for type names that the test did not.
function plain(data) {
  return JSON.parse(JSON.stringify(data ?? null, (key, value) => (key === "__typename" ? undefined : value)));
}

const codes = (errors) => [errors].flat().map((each) => each.extensions?.code ?? each.message ?? String(each));
const start = clients[job.client]();
const stops = new Map();

for await (const line of createInterface({ input: process.stdin })) {
  const told = JSON.parse(line);
  if (told.stop !== undefined) {
    stops.get(told.stop)?.();
    continue;
  }
  const { start: of, query, variables } = told;
  const sink = {
    next: ({ data, errors = [] }) => print({ of, next: { data: plain(data), codes: codes(errors) } }),
    error: (error) => print({ of, error: codes(error.errors ?? error) }),
    complete: () => print({ of, complete: true }),
  };
  stops.set(of, start({ query, variables }, sink));
}
await socket.dispose();
process.exit();
