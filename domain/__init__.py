"""What may happen: commands, events, deciders and processes, as pure functions over frozen data."""
