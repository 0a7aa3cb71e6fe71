"""Apache Kafka's jars, copied once by Maven."""

import fcntl
import shutil
import subprocess
import tempfile
from hashlib import blake2b
from pathlib import Path

from tests.servers.process import ROOT, NoServer

POM = Path(__file__).parent / "pom.xml"
FILES = ROOT / ".servers" / "kafka"
"""Where Maven copies Kafka to, once for each state of the pom."""
HOW_TO_GET = (
    "no Kafka: it needs java 17 or newer and mvn (Debian: openjdk-17-jre-headless, maven), "
    "or name a broker by HEADRACE_TEST_KAFKA"
)
FETCH_S_MAX = 600.0


def libraries() -> Path:
    """The folder of Kafka's jars, copied by Maven when missing. Raises NoServer."""
    digest = blake2b(POM.read_bytes(), digest_size=6).hexdigest()
    found = FILES / f"lib-{digest}"
    if shutil.which("java") is None or not (found.exists() or shutil.which("mvn")):
        raise NoServer(HOW_TO_GET)
    FILES.mkdir(parents=True, exist_ok=True)
    with (FILES / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not found.exists():
            _copy(found)
    return found


def _copy(to: Path) -> None:
    """Whole or not at all: another session may look at any time."""
    with tempfile.TemporaryDirectory(dir=FILES) as temporary:
        copied = subprocess.run(
            [
                *("mvn", "--batch-mode", "--quiet", "--file", str(POM)),
                *("dependency:copy-dependencies", "-DincludeScope=runtime"),
                f"-DoutputDirectory={temporary}/lib",
            ],
            capture_output=True,
            text=True,
            timeout=FETCH_S_MAX,
            check=False,
        )
        if copied.returncode != 0:
            raise NoServer(f"{HOW_TO_GET} (mvn says: {copied.stdout.strip()[-500:]})")
        Path(temporary, "lib").rename(to)
