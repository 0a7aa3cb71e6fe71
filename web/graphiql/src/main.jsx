// The query page: GraphiQL against the server that sent it, with nothing from anywhere else.

import { GraphiQL } from "graphiql";
import { createRoot } from "react-dom/client";
import { config } from "./config.js";
import { fetcher } from "./fetcher.js";
import { Roles } from "./roles.jsx";
import { storage } from "./storage.js";

globalThis.MonacoEnvironment = {
  getWorker(_id, label) {
    const name = ["graphql", "json"].includes(label) ? label : "editor";
    return new Worker(new URL(`./${name}.worker.js`, import.meta.url));
  },
};

createRoot(document.getElementById("graphiql")).render(
  <GraphiQL
    fetcher={fetcher}
    storage={storage}
    shouldPersistHeaders={false}
    defaultHeaders={config.defaultHeaders ?? undefined}
    defaultQuery={config.defaultQuery}
    defaultEditorToolsVisibility={config.tokens ? false : "headers"}
  >
    <GraphiQL.Logo>
      <span className="headrace">
        {config.tokens && <Roles />}
        <strong>Headrace</strong>
      </span>
    </GraphiQL.Logo>
  </GraphiQL>,
);
