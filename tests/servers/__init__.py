"""Real servers for the tests and for a person: `make servers` starts Kafka and MongoDB."""
