"""Runs benchmarks and prints their figures: `python -m benchmarks [NAME ...] [--events N]`."""

import argparse
import os
import platform
import sqlite3
from collections.abc import Awaitable, Callable, Sequence

from api.contexts import shipped
from benchmarks import (
    commands,
    http,
    kafka_commands,
    kafka_http,
    kafka_projecting,
    kafka_rebuild,
    kafka_scale,
    projecting,
)
from benchmarks.as_served import run
from benchmarks.engines import Engines, engines
from benchmarks.measuring import Row
from tests.servers.process import NoServer

EMBEDDED = ("commands", "http", "projecting")
OVER_KAFKA = ("kafka-projecting", "kafka-commands", "kafka-http", "kafka-scale", "kafka-rebuild")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=", ".join(["kafka", *EMBEDDED, *OVER_KAFKA])
    )
    parser.add_argument(
        "--events", type=int, default=kafka_rebuild.EVENTS, help="of kafka-rebuild [%(default)s]"
    )
    options = parser.parse_args()
    for name in options.names:
        if name not in ("kafka", *EMBEDDED, *OVER_KAFKA):
            parser.error(f"no benchmark is called {name}")
    return options


async def _main(options: argparse.Namespace) -> None:
    print(
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, "
        f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    )
    header = ""
    for name in _named(options.names):
        try:
            rows = await _rows(name, options.events)
        except NoServer as fault:
            print(f"\n{name} is left out: {fault}", flush=True)
            continue
        for each in rows:
            if header != each.HEADER:
                header = each.HEADER
                print(f"\n{header}")
            print(each.row(), flush=True)


def _named(names: Sequence[str]) -> list[str]:
    chosen = names or [*EMBEDDED, *OVER_KAFKA]
    return [each for name in chosen for each in (OVER_KAFKA if name == "kafka" else (name,))]


async def _rows(name: str, events: int) -> Sequence[Row]:
    model = shipped()
    match name:
        case "commands":
            return await commands.figures(model)
        case "http":
            return await http.figures()
        case "projecting":
            return await projecting.figures(model)
        case "kafka-projecting":
            return await _over_kafka(lambda each: kafka_projecting.rows(model, each))
        case "kafka-commands":
            return await _over_kafka(lambda each: kafka_commands.rows(model, each))
        case "kafka-http":
            return await _over_kafka(lambda each: kafka_http.rows(model, each))
        case "kafka-scale":
            return await _over_kafka(lambda each: kafka_scale.rows(model, each))
        case _:
            return await _over_kafka(lambda each: kafka_rebuild.rows(model, each, events))


async def _over_kafka(measured: Callable[[Engines], Awaitable[Sequence[Row]]]) -> Sequence[Row]:
    with engines() as started:
        return await measured(started)


run(_main(_options()))
