"""What happened: the log, its port and engines, and the writer that owns its partitions."""
