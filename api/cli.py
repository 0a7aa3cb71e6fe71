"""The command line: `headrace serve`, `schema`, `token` and `import`."""

import argparse
import asyncio
import logging
import sys
from collections.abc import Coroutine
from datetime import timedelta
from pathlib import Path
from typing import Any, BinaryIO

import uvloop
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from api.auth import authenticator_from
from api.errors import Fault
from api.importing import ImportClock, Importer, ImportFault, Summary, lines_of
from api.keys import KeysError
from api.loading import ModelMissing, load
from api.runtime import FileDamaged, Unusable, embedded
from api.schema import command_decoder, core, derive, print_sdl
from api.serving import CannotListen, serve
from api.settings import Settings, SettingsError, add_options, settings_from
from domain.composition import CompositionError
from eventlog.directory import DirectoryTaken
from readmodels.store import ShapeChanged

REFUSALS_SHOWN_MAX = 20
TOKEN_HOURS_MAX = 100 * 366 * 24
_EXPECTED = (
    SettingsError,
    ModelMissing,
    CompositionError,
    DirectoryTaken,
    FileDamaged,
    ShapeChanged,
    ImportFault,
    KeysError,
    CannotListen,
    Unusable,
    Fault,
    OSError,
)


def main(argv: list[str] | None = None) -> int:
    """Run a command; its exit status, 1 where it failed and said why."""
    options = _parser().parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    # Without a broker it says so hundreds of times a second; what matters is said by our own.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    try:
        return int(options.run(options))
    except _EXPECTED as fault:
        print(f"headrace: {fault}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="headrace", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    serving = commands.add_parser("serve", help="serve GraphQL until a signal says to stop")
    add_options(serving)
    serving.set_defaults(run=_serve)

    schema = commands.add_parser("schema", help="print the GraphQL schema")
    add_options(schema, "model")
    schema.set_defaults(run=_schema)

    token = commands.add_parser("token", help="print a token for the configured key")
    token.add_argument("--sub", required=True, help="who the token is for")
    token.add_argument("--role", action="append", default=[], help="a role; may be repeated")
    token.add_argument("--ttl", type=_hours, default="24", help="hours that it is valid [24]")
    add_options(token)
    token.set_defaults(run=_token)

    importing = commands.add_parser("import", help="take in commands from a file, one a line")
    importing.add_argument("file", type=Path, help="a JSON Lines file; - is standard input")
    add_options(importing)
    importing.set_defaults(run=_import)
    return parser


def _hours(text: str) -> timedelta:
    try:
        hours = float(text)
    except ValueError:
        hours = 0.0
    if not 0 < hours <= TOKEN_HOURS_MAX:
        raise argparse.ArgumentTypeError(f"give more than 0 and at most {TOKEN_HOURS_MAX:,} hours")
    return timedelta(hours=hours)


def _run(main: Coroutine[Any, Any, int]) -> int:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(main)


def _serve(options: argparse.Namespace) -> int:
    settings = settings_from(options)
    model = load(settings.model)
    print("\n".join(["Settings:", *(f"  {line}" for line in settings.redacted())]), flush=True)

    async def run() -> int:
        await serve(model, settings)
        return 0

    return _run(run())


def _schema(options: argparse.Namespace) -> int:
    settings = settings_from(options, names=["model"])
    print(print_sdl(derive(load(settings.model))))
    return 0


def _token(options: argparse.Namespace) -> int:
    authenticator = authenticator_from(settings_from(options))
    print(authenticator.sign(options.sub, options.role, options.ttl))
    return 0


def _import(options: argparse.Namespace) -> int:
    settings = settings_from(options)
    if settings.kafka is not None:
        raise SettingsError(
            "import is for the embedded engine: it sets the clock of everything that runs, which "
            "no process can do for others; leave out --kafka and --mongo"
        )
    summary = _run_import(options.file, settings)
    print(
        f"{summary.accepted:,} commands accepted, {summary.known:,} of them were there before; "
        f"{len(summary.refused):,} refused"
    )
    for line, refused in summary.refused[:REFUSALS_SHOWN_MAX]:
        print(f"  line {line.number}: {refused.code}: {refused.message}", file=sys.stderr)
    if len(summary.refused) > REFUSALS_SHOWN_MAX:
        print(f"  and {len(summary.refused) - REFUSALS_SHOWN_MAX:,} more", file=sys.stderr)
    return 1 if summary.refused else 0


def _run_import(path: Path, settings: Settings) -> Summary:
    model = load(settings.model)
    decode = command_decoder(model, core(derive(model)))
    size = None if str(path) == "-" else path.stat().st_size
    clock = ImportClock()
    results: list[Summary] = []

    async def run() -> int:
        async with embedded(model, settings.data, clock=clock, sending=False) as runtime:
            importer = Importer(runtime, clock, decode)
            with _progress() as progress, _opened(path) as file:
                task = progress.add_task(path.name, total=size)
                lines = lines_of(file, lambda read: progress.advance(task, read))
                results.append(await importer.run(lines))
        return 0

    _run(run())
    return results[0]


def _opened(path: Path) -> BinaryIO:
    return sys.stdin.buffer if str(path) == "-" else path.open("rb")


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )


if __name__ == "__main__":
    sys.exit(main())
