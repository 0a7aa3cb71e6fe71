"""The process of a real server: in its folder, gone with the tests, killed, frozen and ended."""

import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
STOP_S_MAX = 30.0
LAST_WORDS_MAX = 1_000
_PR_SET_PDEATHSIG = 1


class NoServer(Exception):
    """The server does not run here; the message says why, or how to get it."""


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Process:
    """One server's, from `launch` to `end`, as often as that is wanted.

    Without a directory it has a temporary one, until `remove`.
    """

    def __init__(self, name: str, directory: Path | None) -> None:
        self._name = name
        self._temporary = None if directory else Path(tempfile.mkdtemp(prefix="headrace-servers-"))
        self.directory = directory or self._temporary or Path()
        self._running: subprocess.Popen[bytes] | None = None

    @property
    def is_launched(self) -> bool:
        """Whether it was launched and not ended since; it may have died by itself."""
        return self._running is not None

    def launch(
        self, command: Sequence[str | Path], environment: Mapping[str, str] | None = None
    ) -> None:
        """Start it, from a thread that lives on: with the thread that launched it, it ends."""
        self.directory.mkdir(parents=True, exist_ok=True)
        with self._log.open("ab") as log:
            self._running = subprocess.Popen(
                command,
                cwd=self.directory,
                env=environment,
                stdout=log,
                stderr=log,
                preexec_fn=_die_with_parent,
                # A person's Ctrl-C is for whoever started it, who then ends it in order.
                start_new_session=True,
            )

    def check_alive(self) -> None:
        """Raises NoServer where it is not running."""
        if self._running is None or self._running.poll() is not None:
            raise NoServer(f"{self._name} does not run here: {self.last_words()}")

    def last_words(self) -> str:
        """The end of what it has written."""
        return self._log.read_text(errors="replace")[-LAST_WORDS_MAX:]

    @property
    def _log(self) -> Path:
        return self.directory / f"{self._name}.log"

    def end(self, number: signal.Signals) -> None:
        """Send it the signal and wait for its end; killed, where it takes too long."""
        process, self._running = self._running, None
        if process is None:
            return
        process.send_signal(number)
        try:
            process.wait(STOP_S_MAX)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def freeze(self) -> None:
        """Let it do nothing until `thaw`."""
        os.waitid(os.P_PID, self._signal(signal.SIGSTOP), os.WSTOPPED)

    def thaw(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> int:
        assert self._running is not None
        self._running.send_signal(number)
        return self._running.pid

    def remove(self) -> None:
        """Remove its folder where it is a temporary one."""
        if self._temporary is not None:
            shutil.rmtree(self._temporary, ignore_errors=True)


def _die_with_parent() -> None:
    """A server whose tests were killed is nobody's; this is Linux alone, elsewhere it stays."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
