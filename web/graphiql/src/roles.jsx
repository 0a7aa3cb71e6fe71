// The choice of a role in development mode: it sets the Authorization header, and shows what that header says.

import { useGraphiQL } from "@graphiql/react";
import { useEffect, useState } from "react";
import { config } from "./config.js";

const ANONYMOUS = "";
const OTHER = "other";

export function Roles() {
  const editor = useGraphiQL((state) => state.headerEditor);
  const [role, setRole] = useState(ANONYMOUS);

  useEffect(() => {
    if (!editor) return undefined;
    const show = () => setRole(roleOf(read(editor)));
    const watch = editor.onDidChangeModelContent(show);
    show();
    return () => watch.dispose();
  }, [editor]);

  const choose = (event) => {
    const { Authorization: _, authorization: __, ...rest } = read(editor);
    const token = config.tokens[event.target.value];
    const headers = token === undefined ? rest : { ...rest, Authorization: `Bearer ${token}` };
    editor.setValue(Object.keys(headers).length === 0 ? "" : JSON.stringify(headers, null, 2));
  };

  return (
    <label>
      Acting as{" "}
      <select id="headrace-role" value={role} onChange={choose} disabled={!editor}>
        <option value={ANONYMOUS}>nobody</option>
        {Object.keys(config.tokens).map((name) => (
          <option key={name}>{name}</option>
        ))}
        {role === OTHER && <option value={OTHER}>the Headers editor</option>}
      </select>
    </label>
  );
}

function read(editor) {
  try {
    return JSON.parse(editor.getValue() || "{}");
  } catch {
    return {}; // half-typed
  }
}

function roleOf({ Authorization, authorization = Authorization }) {
  if (!authorization) return ANONYMOUS;
  const known = Object.entries(config.tokens).find(([, token]) => authorization === `Bearer ${token}`);
  return known?.[0] ?? OTHER;
}
