// mercurius on Fastify, with its compiler on from the first request: `node mercurius.js memory|sqlite FILE`.

import Fastify from "fastify";
import mercurius from "mercurius";

import { catalogueOf } from "./catalogue.js";
import { resolversOf, typeDefs } from "./schema.js";

const resolvers = resolversOf(catalogueOf(process.argv.slice(2)));
const app = Fastify({ logger: false });
app.register(mercurius, { schema: typeDefs, resolvers, jit: 1, graphiql: false });
console.log(await app.listen({ port: 0, host: "127.0.0.1" }));
