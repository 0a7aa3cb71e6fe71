"""Runs benchmarks and prints their figures: `python -m benchmarks [NAME ...] [--events N]`."""

import argparse
import os
import platform
import sqlite3
from collections.abc import Awaitable, Callable, Sequence

from api.contexts import shipped
from benchmarks import (
    commands,
    fraud,
    http,
    kafka_commands,
    kafka_http,
    kafka_projecting,
    kafka_rebuild,
    kafka_scale,
    live,
    live_memory,
    pages,
    projecting,
    reads,
    reads_memory,
    reads_start,
)
from benchmarks.as_served import run
from benchmarks.engines import Engines, engines
from benchmarks.measuring import Row
from benchmarks.reads_comparing import Pace
from tests.servers.process import NoServer

EMBEDDED = ("commands", "http", "projecting")
OVER_KAFKA = ("kafka-projecting", "kafka-commands", "kafka-http", "kafka-scale", "kafka-rebuild")
READS = ("reads-embedded", "reads-memory", "reads-mongo", "reads-start")
PAGES = ("pages-embedded", "pages-mongo")
LIVE = ("live-broadcast", "live-many", "live-pages", "live-memory")
GROUPS = {"kafka": OVER_KAFKA, "reads": READS, "pages": PAGES, "live": LIVE}
NAMES = (*EMBEDDED, *OVER_KAFKA, *READS, *PAGES, *LIVE, "fraud")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join([*GROUPS, *NAMES]))
    parser.add_argument(
        "--events", type=int, default=kafka_rebuild.EVENTS, help="of kafka-rebuild [%(default)s]"
    )
    parser.add_argument(
        "--documents", type=int, default=pages.DOCUMENTS, help="of pages [%(default)s]"
    )
    parser.add_argument(
        "--clients", type=int, default=live.CLIENTS, help="at most, of live [%(default)s]"
    )
    parser.add_argument(
        "--seconds", type=float, default=3.0, help="of each load of reads and live [%(default)s]"
    )
    parser.add_argument(
        "--rounds", type=int, default=5, help="of each load of reads and live [%(default)s]"
    )
    options = parser.parse_args()
    for name in options.names:
        if name not in (*GROUPS, *NAMES):
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
            rows = await _rows(name, options)
        except NoServer as fault:
            print(f"\n{name} is left out: {fault}", flush=True)
            continue
        for each in rows:
            if header != each.HEADER:
                header = each.HEADER
                print(f"\n{header}")
            print(each.row(), flush=True)


def _named(names: Sequence[str]) -> list[str]:
    return [each for name in names or NAMES for each in GROUPS.get(name, (name,))]


async def _rows(name: str, options: argparse.Namespace) -> Sequence[Row]:
    model, pace = shipped(), Pace(seconds=options.seconds, rounds=options.rounds)
    match name:
        case "commands":
            return await commands.figures(model)
        case "http":
            return await http.figures()
        case "projecting":
            return await projecting.figures(model)
        case "pages-embedded":
            return await pages.embedded_rows(options.documents)
        case "pages-mongo":
            return await pages.mongo_rows(options.documents)
        case "reads-embedded":
            return await reads.embedded_rows(pace)
        case "reads-memory":
            return await reads_memory.rows(pace)
        case "reads-mongo":
            return await _over_kafka(lambda each: reads.mongo_rows(each, pace))
        case "reads-start":
            return await reads_start.rows(pace)
        case "live-broadcast":
            return await live.broadcast_rows(options.clients, pace)
        case "live-many":
            return await live.many_rows(options.clients, pace)
        case "live-pages":
            return await live.pages_rows(options.clients, pace)
        case "live-memory":
            return await live_memory.rows(options.clients)
        case "fraud":
            return fraud.figures()
        case "kafka-projecting":
            return await _over_kafka(lambda each: kafka_projecting.rows(model, each))
        case "kafka-commands":
            return await _over_kafka(lambda each: kafka_commands.rows(model, each))
        case "kafka-http":
            return await _over_kafka(lambda each: kafka_http.rows(model, each))
        case "kafka-scale":
            return await _over_kafka(lambda each: kafka_scale.rows(model, each))
        case _:
            return await _over_kafka(lambda each: kafka_rebuild.rows(model, each, options.events))


async def _over_kafka(measured: Callable[[Engines], Awaitable[Sequence[Row]]]) -> Sequence[Row]:
    with engines() as started:
        return await measured(started)


run(_main(_options()))
