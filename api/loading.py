"""The model that a setting names: `package.module:function`, imported and called."""

import importlib
import sys
import traceback
from pathlib import Path
from types import ModuleType

from domain.composition import CompositionError
from readmodels.composition import Model


class ModelMissing(Exception):
    """What is named gives no model; the message says which name, and why."""


def load(name: str) -> Model:
    """The model that the function `package.module:function` gives.

    The current directory is searched before what is installed, as by `python -m`. Raises
    ModelMissing, and CompositionError where the parts of the model do not fit.
    """
    module_name, colon, function_name = name.partition(":")
    if not colon or not module_name or not function_name.isidentifier():
        raise ModelMissing(
            f"--model (HEADRACE_MODEL) must be package.module:function, not {name!r}"
        )
    module = _imported(module_name)
    function = getattr(module, function_name, None)
    if not callable(function):
        raise ModelMissing(
            f"{name} gives no model: {module_name} has no function {function_name!r}; "
            "write one that returns readmodels.composition.build(...)"
        )
    try:
        model = function()
    except CompositionError:
        raise
    except Exception as fault:
        raise ModelMissing(f"{name} gives no model: {_told(fault)}") from fault
    if not isinstance(model, Model):
        raise ModelMissing(
            f"{name} gives {type(model).__name__}, no model; "
            "end it with `return readmodels.composition.build(...)`"
        )
    return model


def _imported(name: str) -> ModuleType:
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        return importlib.import_module(name)
    except CompositionError:
        raise
    except Exception as fault:  # whatever a module of somebody else's does at its import
        raise ModelMissing(
            f"--model (HEADRACE_MODEL) names {name}, which cannot be imported: {_told(fault)}; "
            f"it is looked for in {here} and in what is installed"
        ) from fault


def _told(fault: Exception) -> str:
    """The fault and the line that it comes from, unless that is the asking for the name itself."""
    frames = traceback.extract_tb(fault.__traceback__)
    last = [each for each in frames if not each.filename.startswith("<frozen")][-1]
    is_ours = last.filename in (__file__, importlib.__file__)
    where = "" if is_ours else f" ({last.filename}, line {last.lineno})"
    return f"{type(fault).__name__}: {fault}{where}"
