// Formats JSON with comments, as GraphiQL's "prettify" asks for it.

import { applyEdits, format } from "jsonc-parser";

export async function formatJSONC(content) {
  return applyEdits(content, format(content, undefined, { insertSpaces: true, tabSize: 2 }));
}
