"""`--model package.module:function`: what it takes, and what it says of what it does not."""

import sys
from pathlib import Path

import pytest

from api.cli import main
from api.contexts import shipped
from api.loading import ModelMissing, load
from api.settings import Settings
from domain.composition import CompositionError

UNFIT = """
from domain.model import Aggregate, value
from readmodels.composition import build

@value
class Nothing:
    "No state."

def evolve(state: Nothing, event: Nothing) -> Nothing:
    return state

def decide(command: Nothing, state: Nothing) -> list[Nothing]:
    return []

def model():
    key = lambda command: "one"
    return build(aggregates=[
        Aggregate(name="a", key=key, initial=Nothing, decide=decide, evolve=evolve)
    ])
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current directory, where a team's modules lie."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])  # loading adds to it
    return tmp_path


def written(here: Path, text: str) -> str:
    """A module of its own name for each test, since an import is remembered."""
    name = f"model_{abs(hash((here, text))):x}"
    (here / f"{name}.py").write_text(text)
    return name


def test_the_default_is_what_ships() -> None:
    assert set(load(Settings().model).domain.events) == set(shipped().domain.events)


def test_a_model_is_found_in_the_current_directory(here: Path) -> None:
    name = written(here, "from readmodels.composition import build\nbuilt = build(aggregates=[])\n")
    (here / "inner").mkdir()
    (here / "inner" / "deep.py").write_text(f"import {name}\ndef model(): return {name}.built\n")
    assert load("inner.deep:model").domain.commands == {}


@pytest.mark.parametrize("name", ["", "a.b", "a.b:", ":model", "a.b:not-a-name", "a.b:c.d"])
def test_a_name_that_is_none(name: str) -> None:
    with pytest.raises(ModelMissing, match=r"must be package\.module:function"):
        load(name)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x = 1\nimport missing_part", ["cannot be imported", "'missing_part'", "line 2)"]),
        ("def model(:", ["cannot be imported", "SyntaxError", "line 1"]),
        ("x = 1", ["has no function 'model'", "build(...)"]),
        ("model = 1", ["has no function 'model'"]),
        ("def model():\n    return [1]", ["gives list, no model"]),
        ("def model(x):\n    return x", ["gives no model", "TypeError"]),
        ("def model():\n\n    return 1 / 0", ["ZeroDivisionError", "line 3)"]),
    ],
)
def test_what_gives_no_model_is_told_with_its_place(
    here: Path, text: str, words: list[str]
) -> None:
    name = written(here, text)
    with pytest.raises(ModelMissing) as missing:
        load(f"{name}:model")
    assert all(word in str(missing.value) for word in [name, *words])


def test_a_module_that_is_nowhere_is_told_with_where_it_was_looked_for(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["schema", "--model", "nowhere.at.all:model"]) == 1
    assert capsys.readouterr().err == (
        "headrace: --model (HEADRACE_MODEL) names nowhere.at.all, which cannot be imported: "
        f"ModuleNotFoundError: No module named 'nowhere'; it is looked for in {here} "
        "and in what is installed\n"
    )


def test_parts_that_do_not_fit_are_told_as_ever(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = written(here, UNFIT)
    with pytest.raises(CompositionError):
        load(f"{name}:model")
    assert main(["schema", "--model", f"{name}:model"]) == 1
    assert "is no command: decorate it with @command(...)" in capsys.readouterr().err


def test_a_schema_asks_for_no_other_setting(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Printing it listens nowhere, so it needs no key."""
    monkeypatch.setenv("HEADRACE_HOST", "0.0.0.0")
    monkeypatch.setenv("HEADRACE_MODEL", "tests.examples.library.model:model")
    assert main(["schema"]) == 0
    printed = capsys.readouterr().out
    assert "input LendCopyInput" in printed
    assert "placeOrder" not in printed
