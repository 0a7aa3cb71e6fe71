// graphql-yoga on Node's own HTTP server: `node yoga.js memory|sqlite FILE`.

import { createServer } from "node:http";

import { createSchema, createYoga } from "graphql-yoga";

import { catalogueOf } from "./catalogue.js";
import { resolversOf, typeDefs } from "./schema.js";

const resolvers = resolversOf(catalogueOf(process.argv.slice(2)));
const yoga = createYoga({
  schema: createSchema({ typeDefs, resolvers }),
  logging: false,
  graphiql: false,
  landingPage: false,
});
const server = createServer(yoga);
server.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}`));
