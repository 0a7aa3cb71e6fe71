"""Runs every benchmark and prints its figures: `python -m benchmarks [NAME ...]`."""

import asyncio
import os
import platform
import sqlite3
import sys

from api.contexts import shipped
from benchmarks import commands, http, projecting
from benchmarks.measuring import HEADER, Figure


async def _main(names: list[str]) -> None:
    print(
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, "
        f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}\n\n{HEADER}"
    )
    chosen = names or ["commands", "http", "projecting"]
    for name in chosen:
        for figure in await _figures(name):
            print(figure.row(), flush=True)


async def _figures(name: str) -> list[Figure]:
    match name:
        case "commands":
            return await commands.figures(shipped())
        case "http":
            return await http.figures()
        case "projecting":
            return await projecting.figures(shipped())
        case _:
            raise SystemExit(f"no benchmark is called {name}: commands, http, projecting")


asyncio.run(_main(sys.argv[1:]))
