// The schema that both servers have, over a catalogue.

export const typeDefs = /* GraphQL */ `
  scalar Decimal
  scalar Date
  scalar DateTime
  enum Language { ENGLISH FRENCH GERMAN }
  type Book {
    id: ID!
    title: String!
    writer: ID!
    language: Language!
    pages: Int!
    price: Decimal!
    rating: Float!
    isInPrint: Boolean!
    publishedOn: Date!
    addedAt: DateTime!
  }
  type Books { nodes: [Book!]! }
  type Writer { id: ID! name: String! books(first: Int = 20): Books! }
  type Writers { nodes: [Writer!]! }
  type Query {
    book(id: ID!): Book
    books(first: Int = 20): Books!
    writers(first: Int = 20): Writers!
  }
`;

export function resolversOf(catalogue) {
  return {
    Query: {
      book: (_, { id }) => catalogue.book(id),
      books: (_, { first }) => ({ nodes: catalogue.books(first) }),
      writers: (_, { first }) => ({ nodes: catalogue.writers(first) }),
    },
    Writer: {
      books: ({ id }, { first }) => ({ nodes: catalogue.booksOf(id, first) }),
    },
  };
}
