"""How it is asked for: a derived GraphQL schema over HTTP, WebSocket and event streams."""
