"""The house holds: imports point down only, libraries stay in their rooms, and sizes can be read.

Reads the sources with `ast`, imports none of them, and so runs even where one of them is broken.
"""

import ast
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

FLOORS = ("domain", "eventlog", "readmodels", "api")
"""From the ground up: each may import itself and what stands before it."""

ROOMS = {
    "aiokafka": "eventlog/kafka",
    "motor": "readmodels/mongo.py",
    "pymongo": "readmodels/mongo",
    "bson": "readmodels/mongo",
    "strawberry": "api/",
    "graphql": "api/",
    "starlette": "api/",
    "uvicorn": "api/",
}
"""A library and the only place that may know it: how the paths of its modules begin."""

SETTINGS = "api/settings.py"
MODULE_LINES_MAX = 300
FUNCTION_LINES_MAX = 50
ENVIRONMENT = {"environ", "environb", "getenv", "getenvb", "putenv", "unsetenv"}


@dataclass(frozen=True)
class Module:
    """A source file of the house: its path from the root, its text and its syntax tree."""

    path: str
    text: str
    tree: ast.Module

    @property
    def floor(self) -> str:
        return self.path.split("/", 1)[0]


def house() -> Iterator[Module]:
    """Every module of the four floors."""
    for floor in FLOORS:
        for file in sorted((ROOT / floor).rglob("*.py")):
            yield parsed(file.relative_to(ROOT).as_posix(), file.read_text("utf-8"))


def parsed(path: str, text: str) -> Module:
    return Module(path, text, ast.parse(text, path))


def imports(module: Module) -> Iterator[tuple[int, str]]:
    """Line and full dotted name of everything the module imports, wherever it does so."""
    package = module.path.removesuffix(".py").split("/")[:-1]
    for node in ast.walk(module.tree):
        match node:
            case ast.Import(names=names):
                yield from ((node.lineno, each.name) for each in names)
            case ast.ImportFrom(module=name, level=0):
                yield node.lineno, name or ""
            case ast.ImportFrom(module=name, level=level):
                above = package[: len(package) - level + 1]
                yield node.lineno, ".".join([*above, name] if name else above)
            case ast.Call(args=[ast.Constant(value=str(name)), *_], func=called):
                if ast.unparse(called) in {
                    "__import__",
                    "import_module",
                    "importlib.import_module",
                }:
                    yield node.lineno, name
            case _:
                pass


def climbing(module: Module) -> Iterator[str]:
    """Imports of a floor above."""
    above = FLOORS[FLOORS.index(module.floor) + 1 :]
    for line, name in imports(module):
        if name.split(".", 1)[0] in above:
            yield f"{module.path}:{line} imports {name}, from a floor above"


def outside(module: Module) -> Iterator[str]:
    """Imports of the ground floor that are neither its own nor the standard library's."""
    if module.floor != "domain":
        return
    for line, name in imports(module):
        top = name.split(".", 1)[0]
        if top != "domain" and top not in sys.stdlib_module_names:
            yield f"{module.path}:{line} imports {name}; domain/ needs nothing but the stdlib"


def astray(module: Module) -> Iterator[str]:
    """Imports of a library outside its room."""
    for line, name in imports(module):
        room = ROOMS.get(name.split(".", 1)[0])
        if room is not None and not module.path.startswith(room):
            yield f"{module.path}:{line} imports {name}, which only {room} may know"


def reading_the_environment(module: Module) -> Iterator[str]:
    """Uses of `os.environ` and its kin outside the settings."""
    if module.path == SETTINGS:
        return
    for node in ast.walk(module.tree):
        match node:
            case ast.Attribute(value=ast.Name(id="os"), attr=attr) if attr in ENVIRONMENT:
                yield f"{module.path}:{node.lineno} reads os.{attr}; take it from {SETTINGS}"
            case ast.ImportFrom(module="os", names=names):
                for each in names:
                    if each.name in ENVIRONMENT:
                        yield f"{module.path}:{node.lineno} imports {each.name}; see {SETTINGS}"
            case _:
                pass


def too_long(module: Module) -> Iterator[str]:
    """Modules and functions past one sitting."""
    lines = len(module.text.splitlines())
    if lines > MODULE_LINES_MAX:
        yield f"{module.path} has {lines} lines, over {MODULE_LINES_MAX}"
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > FUNCTION_LINES_MAX:
                where = f"{module.path}:{node.lineno} {node.name}"
                yield f"{where} has {lines} lines, over {FUNCTION_LINES_MAX}"


def silent(module: Module) -> Iterator[str]:
    """Modules that do not open with a sentence."""
    if not ast.get_docstring(module.tree):
        yield f"{module.path} does not open with a sentence that says what it is"


def broken(rule: Callable[[Module], Iterator[str]]) -> list[str]:
    """Every place in the house where the rule does not hold."""
    return [finding for module in house() for finding in rule(module)]


def test_there_is_a_house() -> None:
    assert {module.floor for module in house()} >= {"domain", "readmodels"}


def test_no_floor_imports_from_a_floor_above() -> None:
    assert broken(climbing) == []


def test_the_domain_needs_nothing_but_the_standard_library() -> None:
    assert broken(outside) == []


def test_each_engine_and_the_web_stay_in_their_room() -> None:
    assert broken(astray) == []


def test_only_the_settings_read_the_environment() -> None:
    assert broken(reading_the_environment) == []


def test_every_module_and_function_reads_in_one_sitting() -> None:
    assert broken(too_long) == []


def test_every_module_says_what_it_is() -> None:
    assert broken(silent) == []


@pytest.mark.parametrize(
    ("rule", "path", "text"),
    [
        (climbing, "domain/a.py", "import eventlog.log"),
        (climbing, "eventlog/a.py", "def f():\n    from api import app"),
        (climbing, "eventlog/deep/a.py", "from ...readmodels import model"),
        (climbing, "readmodels/a.py", "import importlib\nimportlib.import_module('api.app')"),
        (outside, "domain/a.py", "import msgspec"),
        (astray, "eventlog/log.py", "from aiokafka import AIOKafkaProducer"),
        (astray, "readmodels/store.py", "import pymongo.errors"),
        (astray, "readmodels/live.py", "from graphql.language import ast"),
        (reading_the_environment, "api/app.py", "import os\nos.environ['A']"),
        (reading_the_environment, "eventlog/a.py", "from os import getenv"),
        (too_long, "api/a.py", "\n" * 301),
        (too_long, "api/a.py", "async def f():\n" + "    1\n" * 50),
        (silent, "api/a.py", "import os"),
    ],
)
def test_a_break_of_the_rule_is_found(
    rule: Callable[[Module], Iterator[str]], path: str, text: str
) -> None:
    assert len(list(rule(parsed(path, text)))) == 1


@pytest.mark.parametrize(
    ("rule", "path", "text"),
    [
        (climbing, "readmodels/a.py", "from domain import model\nfrom . import live"),
        (outside, "domain/a.py", "import dataclasses\nfrom domain.model import event"),
        (astray, "eventlog/kafka.py", "import aiokafka"),
        (astray, "eventlog/kafka_client.py", "import aiokafka"),
        (reading_the_environment, "api/settings.py", "import os\nos.environ['A']"),
        (too_long, "api/a.py", "def f():\n" + "    1\n" * 49),
        (silent, "api/a.py", "'One sentence.'"),
    ],
)
def test_what_the_rule_allows_passes(
    rule: Callable[[Module], Iterator[str]], path: str, text: str
) -> None:
    assert list(rule(parsed(path, text))) == []
