"""The context that docs/a-context-in-an-hour.md builds: a lending library."""
