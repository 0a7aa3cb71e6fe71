// The catalogue as its servers read it: from memory, or from the embedded store's SQLite file.

import { readFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";

/** `memory FILE` with {writers, books} as they are answered, or `sqlite FILE`. */
export function catalogueOf([place, file]) {
  return place === "memory" ? inMemory(file) : inSqlite(file);
}

function inMemory(file) {
  const { writers, books } = JSON.parse(readFileSync(file, "utf-8"));
  const byId = new Map(books.map((each) => [each.id, each]));
  const ofWriter = new Map(
    writers.map(({ id }) => [id, books.filter((each) => each.writer === id)]),
  );
  return {
    book: (id) => byId.get(id) ?? null,
    books: (first) => books.slice(0, first),
    writers: (first) => writers.slice(0, first),
    booksOf: (writer, first) => ofWriter.get(writer).slice(0, first),
  };
}

function inSqlite(file) {
  const database = new DatabaseSync(file, { readOnly: true });
  const page = (table, more = "") =>
    database.prepare(
      `SELECT body FROM "${table}" WHERE body IS NOT NULL ${more} ORDER BY id LIMIT ?`,
    );
  const one = database.prepare('SELECT body FROM "Book_1" WHERE id = ?');
  const books = page("Book_1");
  const writers = page("Writer_1");
  const ofWriter = page("Book_1", "AND json_extract(body, '$.writer') = ?");
  return {
    book(id) {
      const row = one.get(id);
      return row === undefined ? null : bookOf(row);
    },
    books: (first) => books.all(first).map(bookOf),
    writers: (first) => writers.all(first).map(({ body }) => JSON.parse(body)),
    booksOf: (writer, first) => ofWriter.all(writer, first).map(bookOf),
  };
}

function bookOf({ body }) {
  const stored = JSON.parse(body);
  return {
    id: stored.id,
    title: stored.title,
    writer: stored.writer,
    language: stored.language,
    pages: stored.pages,
    price: stored.price,
    rating: stored.rating,
    isInPrint: stored.is_in_print,
    publishedOn: stored.published_on,
    addedAt: stored.added_at,
  };
}
