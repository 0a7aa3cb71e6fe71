"""Frozen keyword-only dataclasses, and copies of them with some fields changed, which cost little.

The standard library's `replace` reads the fields one by one and hands them to `__init__`, which
sets each by a call, for the class is frozen: that was a sixth of what a projector does. Here a copy
is made as an instance of a twin with the same slots, which is not frozen, and then becomes one of
the class.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, TypeVar

T = TypeVar("T")

if TYPE_CHECKING:
    from dataclasses import replace as replace
else:
    import dataclasses

    def replace(of, /, **changes):
        """A copy of a dataclass' instance with these fields changed. Raises TypeError."""
        cls = type(of)
        copy = _copying.get(cls)
        if copy is None:
            copy = _copying[cls] = _copier(cls) if _has_twin(cls) else dataclasses.replace
        return copy(of, **changes)


_copying: dict[type[Any], Callable[..., Any]] = {}
"""What copies the instances of a class, made when the first of them is copied."""


def frozen(cls: type[T]) -> type[T]:
    """The class as a frozen keyword-only dataclass with slots."""
    made: type[T] = dataclass(frozen=True, kw_only=True, slots=True)(cls)
    return made


def _has_twin(cls: type[Any]) -> bool:
    is_plain = cls.__bases__ == (object,) and not hasattr(cls, "__post_init__")
    names = [each.name for each in fields(cls) if each.init]
    return is_plain and getattr(cls, "__slots__", None) == tuple(names)


def _copier(cls: type[Any]) -> Callable[..., Any]:
    names = [each.name for each in fields(cls)]
    twin = type(cls.__name__, (), {"__slots__": names})
    lines = [
        "def copier(of, /, **changes):",
        "    new = twin()",
        *(f"    new.{name} = of.{name}" for name in names),
        "    try:",
        "        for name, value in changes.items(): setattr(new, name, value)",
        "    except AttributeError:",
        "        raise TypeError(f'{cls.__name__} has no field {name!r}') from None",
        "    new.__class__ = cls",
        "    return new",
    ]
    bound: dict[str, Any] = {"twin": twin, "cls": cls}
    exec("\n".join(lines), bound)  # the names are those of fields, as dataclasses writes them too
    made: Callable[..., Any] = bound["copier"]
    return made
