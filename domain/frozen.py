"""Frozen keyword-only dataclasses, and copies of them with some fields changed, which cost little.

The standard library's `replace` reads the fields one by one and hands them to `__init__`, which
sets each by a call, for the class is frozen: that was a sixth of what a projector does. Here a copy
is made as an instance of a twin with the same slots, which is not frozen, and then becomes one of
the class.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, TypeVar, cast

T = TypeVar("T")

if TYPE_CHECKING:
    from dataclasses import replace as replace
else:
    import dataclasses

    def replace(of, /, **changes):
        """A copy of a dataclass' instance with these fields changed. Raises TypeError."""
        copy = getattr(of, "__replace__", None)  # Python's own name for it, from 3.13 on
        return dataclasses.replace(of, **changes) if copy is None else copy(**changes)


def frozen(cls: type[T]) -> type[T]:
    """The class as a frozen keyword-only dataclass with slots."""
    made: type[T] = dataclass(frozen=True, kw_only=True, slots=True)(cls)
    is_plain = made.__bases__ == (object,) and not hasattr(made, "__post_init__")
    if is_plain and all(each.init for each in fields(cast(Any, made))):
        made.__replace__ = _copying(made)  # type: ignore[attr-defined]  # as 3.13 names it
    return made


def _copying(cls: type[Any]) -> Callable[..., Any]:
    names = [each.name for each in fields(cls)]
    twin = type(cls.__name__, (), {"__slots__": names})
    lines = [
        "def __replace__(self, /, **changes):",
        "    new = twin()",
        *(f"    new.{name} = self.{name}" for name in names),
        "    try:",
        "        for name, value in changes.items(): setattr(new, name, value)",
        "    except AttributeError:",
        "        raise TypeError(f'{cls.__name__} has no field {name!r}') from None",
        "    new.__class__ = cls",
        "    return new",
    ]
    bound: dict[str, Any] = {"twin": twin, "cls": cls}
    exec("\n".join(lines), bound)  # the names are those of fields, as dataclasses writes them too
    replacing: Callable[..., Any] = bound["__replace__"]
    return replacing
