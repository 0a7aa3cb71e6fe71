"""What a real server still holds for its clients, as its metrics tell."""

from dataclasses import dataclass

from tests.serving import ProcessServer
from tests.shop import until

__all__ = ["Held", "comes_to", "held", "resident_bytes"]


@dataclass(frozen=True)
class Held:
    """Connections, operations, live sets and those who follow them, summed over their kinds."""

    connections: float = 0
    operations: float = 0
    sets: float = 0
    watchers: float = 0


NAMES = {
    "headrace_connections": "connections",
    "headrace_operations_active": "operations",
    "headrace_projection_live_sets": "sets",
    "headrace_projection_watchers": "watchers",
}


async def held(server: ProcessServer) -> Held:
    """What it holds now."""
    sums = dict.fromkeys(NAMES.values(), 0.0)
    for line in (await server.http.get("/metrics")).text.splitlines():
        series, _, value = line.rpartition(" ")
        name = NAMES.get(series.partition("{")[0])
        if name is not None:
            sums[name] += float(value)
    return Held(**sums)


async def comes_to(server: ProcessServer, expected: Held) -> None:
    """Waits until it holds just that."""
    await until(lambda: held(server), lambda found: found == expected)


async def resident_bytes(server: ProcessServer) -> float:
    """How much memory its process has."""
    return await server.metric("process_resident_memory_bytes")
