"""A data directory is one process' at a time."""

import fcntl
from pathlib import Path
from typing import IO


class DirectoryTaken(Exception):
    """Another process works on the data directory; the message names it."""


def take_directory(directory: Path) -> IO[str]:
    """Make it where missing, and hold it until what is returned is closed.

    Raises DirectoryTaken.
    """
    directory.mkdir(parents=True, exist_ok=True)
    lock = (directory / "lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        raise DirectoryTaken(
            f"another headrace works on {directory.resolve()}: stop it first, "
            "or choose another directory with --data"
        ) from None
    return lock
