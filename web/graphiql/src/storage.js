// The browser's storage for tabs and history, without the headers: a token is never written to disk.

import { config } from "./config.js";

const WITH_HEADERS = /:(queries|favorites)$/;

export const storage = {
  get length() {
    return localStorage.length;
  },
  getItem(key) {
    return withHeaders(key, localStorage.getItem(key), config.defaultHeaders ?? undefined);
  },
  setItem(key, text) {
    localStorage.setItem(key, withHeaders(key, text, undefined));
  },
  removeItem(key) {
    localStorage.removeItem(key);
  },
  clear() {
    localStorage.clear();
  },
};

function withHeaders(key, text, headers) {
  if (!text || !WITH_HEADERS.test(key)) return text;
  const lists = Object.entries(JSON.parse(text));
  return JSON.stringify(Object.fromEntries(lists.map(([name, items]) => [name, items.map((item) => ({ ...item, headers }))])));
}
