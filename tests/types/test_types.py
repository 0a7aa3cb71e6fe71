"""The type checkers find what a team gets wrong: one file of mistakes, and both of them on it."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from mypy import api as mypy

ROOT = Path(__file__).parents[2]
MISTAKES = Path(__file__).with_name("mistakes.txt")
PYRIGHT = ROOT / "tests/clients/node_modules/.bin/pyright"


@pytest.fixture
def mistakes(tmp_path: Path) -> Path:
    """The file of mistakes where a checker takes it for Python; no check of the house reads it."""
    return Path(shutil.copy(MISTAKES, tmp_path / "mistakes.py"))


LINES = MISTAKES.read_text("utf-8").splitlines()


def expected() -> dict[int, str]:
    """The lines that are wrong, and how."""
    found: dict[int, str] = {}
    for number, line in enumerate(LINES, 1):
        code, mark, comment = line.rpartition("  # ")
        if mark and code.strip():
            found[number] = comment
    return found


def told(lines: set[int]) -> dict[int, str]:
    """The same lines with what is wrong with them, for a failure that can be read.

    A forgotten case is found where the function begins or, one line later, where it matches.
    """
    wrong = expected()
    begun = {line - 1 if LINES[line - 1].strip() == "match event:" else line for line in lines}
    return {line: wrong.get(line, "nothing is wrong here") for line in sorted(begun)}


def test_there_are_mistakes_of_every_kind() -> None:
    kinds = set(expected().values())
    assert {"a forgotten case", "a typo in a key", "the command of another aggregate"} < kinds
    assert len(kinds) >= 15


def test_mypy_finds_every_mistake_and_nothing_else(mistakes: Path, tmp_path: Path) -> None:
    config = tmp_path / "mypy.ini"
    config.write_text(
        f"[mypy]\nstrict = true\nmypy_path = {ROOT}\nexplicit_package_bases = true\n"
        f"python_version = 3.11\ncache_dir = {tmp_path / 'cache'}\nfollow_imports = silent\n"
    )
    recursion_limit = sys.getrecursionlimit()
    try:
        report, faults, _ = mypy.run(["--config-file", str(config), str(mistakes)])
    finally:
        sys.setrecursionlimit(recursion_limit)  # mypy raises it for all tests that follow
    assert faults == ""
    found = re.findall(r"mistakes\.py:(\d+): error", report)
    assert told(set(map(int, found))) == expected(), report


def test_pyright_finds_every_mistake_and_nothing_else(mistakes: Path, tmp_path: Path) -> None:
    if not PYRIGHT.exists():
        assert not os.environ.get("CI"), "make setup installs pyright; under CI nothing is skipped"
        pytest.skip("there is no pyright: run make setup")
    config = tmp_path / "pyrightconfig.json"
    config.write_text(
        json.dumps(
            {
                "include": [str(mistakes)],
                "extraPaths": [str(ROOT)],
                "typeCheckingMode": "strict",
                "pythonVersion": "3.11",
                "reportUnusedExpression": False,
            }
        )
    )
    # Node is one of the locked development packages: it stands beside this Python.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [PYRIGHT, "--outputjson", "--project", config],
        env=os.environ | {"PATH": path},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    report = json.loads(done.stdout)["generalDiagnostics"]
    found = {each["range"]["start"]["line"] + 1 for each in report if each["severity"] == "error"}
    assert told(found) == expected(), done.stdout
