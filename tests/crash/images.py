"""Images of a data directory, as a crash of the machine might leave it."""

import os
import shutil
import signal
import struct
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from random import Random

from tests.serving import ProcessServer

__all__ = ["frozen", "lose_last_writes", "take_image", "tear_log"]

# https://sqlite.org/walformat.html: a header, then frames of a header and a page each; the number
# of frames that stand in the database already is in the index of the log, and before it the number
# of those that a checkpoint under way may have put there: they were synced before it began.
WAL_HEADER_BYTES = 32
WAL_FRAME_BYTES = 24 + 4096
CHECKPOINTED_AT = 96
CHECKPOINTING_AT = 128


@contextmanager
def frozen(server: ProcessServer) -> Generator[None]:
    """Nothing of the server moves meanwhile."""
    os.kill(server.process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(server.process.pid, signal.SIGCONT)


def take_image(server: ProcessServer, image: Path) -> None:
    """Copy the files of a server that is frozen, as they are."""
    shutil.copytree(server.directory, image)


def lose_last_writes(image: Path, random: Random) -> int:
    """Cut the documents' write-ahead log somewhere behind what had to be synced; the bytes lost.

    The documents are written with synchronous=NORMAL: a loss of power may take the commits that
    came since the last checkpoint.
    """
    wal, index = image / "documents.sqlite-wal", image / "documents.sqlite-shm"
    known = index.read_bytes()
    checkpointed: int = max(
        struct.unpack_from("=I", known, at)[0] for at in (CHECKPOINTED_AT, CHECKPOINTING_AT)
    )
    size = wal.stat().st_size
    least = min(WAL_HEADER_BYTES + checkpointed * WAL_FRAME_BYTES, size)
    left = random.randint(least, size)
    os.truncate(wal, left)
    index.unlink()
    return size - left


def tear_log(image: Path, random: Random) -> None:
    """Add a write to the event log that was begun, and never came to its end."""
    with (image / "log.sqlite-wal").open("ab") as wal:
        wal.write(random.randbytes(random.randint(1, 3 * WAL_FRAME_BYTES)))
