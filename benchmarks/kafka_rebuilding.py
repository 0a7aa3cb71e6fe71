"""The process of a rebuild, which tells what it took."""

import json
import re
import sys
from pathlib import Path

from api.contexts import shipped
from benchmarks.as_served import run
from benchmarks.kafka_projecting import build
from eventlog.kafka_client import Cluster


async def _main(servers: str, prefix: str, uri: str) -> None:
    model = shipped()
    built = await build(model, [*model.shown.values()], Cluster(servers=servers), prefix, uri)
    told = {"seconds": built.seconds, "documents": built.documents, "peak_mib": _peak_mib()}
    print(json.dumps(told))


def _peak_mib() -> float:
    """Of this process alone; what `getrusage` says may be that of the one that started it."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1]) / 1024


if __name__ == "__main__":
    run(_main(*sys.argv[1:]))
