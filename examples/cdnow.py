"""Turns a file of CDNOW purchases into commands: `python -m examples.cdnow FILE > commands.jsonl`.

Each line of the file is a purchase: master id, customer, date as yyyymmdd, number of CDs, dollars,
with spaces between. Each becomes a RecordSale at midnight UTC of its date. The ids of orders and
commands are made of the customer, the date and the how manieth of that customer's purchases of that
date it is, so the same file gives the same ids, and two purchases on one day stay two.
"""

import json
import os
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

USAGE = "usage: python -m examples.cdnow FILE > commands.jsonl"
DOLLARS = re.compile(r"[0-9]{1,15}(\.[0-9]{1,2})?")


class Malformed(Exception):
    """A line is no purchase; the message says which and why."""


@dataclass(frozen=True, slots=True)
class Purchase:
    """A line of the file."""

    master: str
    customer: str
    at: datetime
    cds: int
    dollars: Decimal


def purchase_of(line: str) -> Purchase:
    """The purchase that the line says. Raises Malformed where it says none."""
    columns = line.split()
    if len(columns) != 5:
        raise Malformed(
            f"{len(columns)} columns instead of 5: master id, customer, date, CDs, dollars"
        )
    master, customer, date, cds, dollars = columns
    return Purchase(
        _digits(master, "master id"),
        _digits(customer, "customer"),
        _date(date),
        int(_digits(cds, "number of CDs")),
        _dollars(dollars),
    )


def _digits(text: str, what: str) -> str:
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise Malformed(f"the {what} {text[:40]!r} is no number")
    return text


def _date(text: str) -> datetime:
    try:
        if len(_digits(text, "date")) != 8:
            raise ValueError(text)
        return datetime(int(text[:4]), int(text[4:6]), int(text[6:]), tzinfo=UTC)
    except ValueError:
        raise Malformed(f"the date {text[:40]!r} is none: it should be like 19970131") from None


def _dollars(text: str) -> Decimal:
    if not DOLLARS.fullmatch(text):
        raise Malformed(f"the amount {text[:40]!r} is none: it should be like 29.33")
    return Decimal(text).quantize(Decimal("0.01"))


def purchases(lines: Iterable[str]) -> list[Purchase]:
    """The purchases of the file by rising date, those of a date as they stand; blanks are skipped.

    Raises Malformed, naming the line.
    """
    found: list[Purchase] = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            found.append(purchase_of(line))
        except Malformed as fault:
            raise Malformed(f"line {number}: {fault}") from None
    return sorted(found, key=lambda each: each.at)


def commands(lines: Iterable[str]) -> Iterator[dict[str, object]]:
    """The commands, as the importer takes them, in the order of time. Raises Malformed."""
    times: Counter[tuple[str, str, datetime]] = Counter()
    for each in purchases(lines):
        key = each.master, each.customer, each.at
        times[key] += 1
        order = f"cdnow-{each.master}-{each.customer}-{each.at.date().isoformat()}-{times[key]}"
        yield {
            "at": each.at.isoformat().replace("+00:00", "Z"),
            "command": "RecordSale",
            "input": {
                "order": order,
                "customer": each.customer,
                "units": each.cds,
                "amount": str(each.dollars),
            },
            "commandId": f"record-{order}",
        }


def main(arguments: Sequence[str]) -> int:
    """Writes the commands to standard output; says on standard error why it could not."""
    if len(arguments) != 1 or arguments[0].startswith("-"):
        print(USAGE, file=sys.stderr)
        return 2
    path = Path(arguments[0])
    try:
        with path.open(encoding="utf-8-sig", errors="replace") as lines:
            for each in commands(lines):
                sys.stdout.write(json.dumps(each, separators=(",", ":")) + "\n")
        sys.stdout.flush()
    except BrokenPipeError:  # whoever reads has enough; keep the interpreter from trying again
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (Malformed, OSError) as fault:
        reason = fault.strerror if isinstance(fault, OSError) else fault
        print(f"{path}: {reason}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
