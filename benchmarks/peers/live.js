// graphql-yoga with graphql-ws and its own pub/sub, a publish per change: `node live.js`.

import { createServer } from "node:http";

import { createPubSub, createSchema, createYoga } from "graphql-yoga";
import { useServer } from "graphql-ws/use/ws";
import { WebSocketServer } from "ws";

const typeDefs = /* GraphQL */ `
  scalar Decimal
  type Quote { id: ID! market: String! name: String! price: Decimal! volume: Int! }
  type Quotes { nodes: [Quote!]! totalCount: Int! }
  input StringFilter { eq: String }
  input QuoteFilter { market: StringFilter }
  enum QuoteField { PRICE }
  enum Direction { ASC DESC }
  input QuoteOrder { field: QuoteField! direction: Direction = ASC }
  input SetPriceInput { quote: ID! market: String! name: String! price: Decimal! volume: Int! }
  type Accepted { id: ID! }
  type Query {
    quotes(where: QuoteFilter, orderBy: [QuoteOrder!], first: Int = 20): Quotes!
  }
  type Mutation { setPrice(input: SetPriceInput!): Accepted! }
  type Subscription {
    quote(id: ID!): Quote
    quotes(where: QuoteFilter, orderBy: [QuoteOrder!], first: Int = 20): Quotes!
  }
`;

const quotes = new Map();
const markets = new Map();
const pubSub = createPubSub();

function pageOf({ where, orderBy, first }) {
  const market = where?.market?.eq;
  const every = market === undefined ? quotes : (markets.get(market) ?? new Map());
  const nodes = [...every.values()];
  if (orderBy?.length) {
    const sign = orderBy[0].direction === "DESC" ? -1 : 1;
    nodes.sort((one, other) => sign * (one.price - other.price) || (one.id < other.id ? -1 : 1));
  }
  return { nodes: nodes.slice(0, first), totalCount: every.size };
}

function setPrice(_, { input: { quote: id, ...fields } }) {
  const quote = { id, ...fields };
  quotes.set(id, quote);
  if (!markets.has(quote.market)) markets.set(quote.market, new Map());
  markets.get(quote.market).set(id, quote);
  pubSub.publish("quote", id, quote);
  pubSub.publish("market", quote.market, quote);
  return { id };
}

/** What there is now, then what is published. */
function startingWith(now, published) {
  return {
    isFirst: true,
    async next() {
      if (!this.isFirst) return published.next();
      this.isFirst = false;
      return { value: now, done: false };
    },
    return: () => published.return(),
    throw: (error) => published.throw(error),
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

const resolvers = {
  Query: { quotes: (_, page) => pageOf(page) },
  Mutation: { setPrice },
  Subscription: {
    quote: {
      subscribe: (_, { id }) => startingWith(quotes.get(id) ?? null, pubSub.subscribe("quote", id)),
      resolve: (quote) => quote,
    },
    quotes: {
      subscribe: (_, { where }) => startingWith(null, pubSub.subscribe("market", where.market.eq)),
      resolve: (_, page) => pageOf(page),
    },
  },
};

const yoga = createYoga({
  schema: createSchema({ typeDefs, resolvers }),
  logging: false,
  graphiql: false,
  landingPage: false,
});
const server = createServer(yoga);
const sockets = new WebSocketServer({ server, path: "/graphql", perMessageDeflate: false });
// Yoga's own parsing, checking and execution under graphql-ws.
useServer(
  {
    execute: ({ run, ...operation }) => run.execute(operation),
    subscribe: ({ run, ...operation }) => run.subscribe(operation),
    async onSubscribe(context, _id, params) {
      const run = yoga.getEnveloped({
        ...context,
        req: context.extra.request,
        socket: context.extra.socket,
        params,
      });
      const document = run.parse(params.query);
      const errors = run.validate(run.schema, document);
      if (errors.length > 0) return errors;
      return {
        run,
        schema: run.schema,
        operationName: params.operationName,
        document,
        variableValues: params.variables,
        contextValue: await run.contextFactory(),
      };
    },
  },
  sockets,
  0,
);
// Asked for before its memory is measured: what has been let go of is not what a socket holds.
process.on("SIGUSR2", () => globalThis.gc?.());
server.listen({ port: 0, host: "127.0.0.1", backlog: 2048 }, () =>
  console.log(`http://127.0.0.1:${server.address().port}`),
);
