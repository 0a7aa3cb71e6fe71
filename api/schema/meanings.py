"""What a field of the schema stands for, as data: what a compiler of operations reads."""

from dataclasses import dataclass
from typing import Literal

from api.schema.listing import Listing
from api.schema.shapes import Shape
from readmodels.model import Link

__all__ = ["Attribute", "Command", "Found", "Linked", "Many", "Meaning", "One", "Watch"]


@dataclass(frozen=True, slots=True)
class Attribute:
    """The value of an attribute; `shape` is None where the object is none of the model's."""

    name: str
    shape: Shape | None = None


@dataclass(frozen=True, slots=True)
class Linked:
    """Other documents, by a link of this one."""

    link: Link
    listing: Listing


@dataclass(frozen=True, slots=True)
class One:
    """A document by its id, at the root."""

    listing: Listing


@dataclass(frozen=True, slots=True)
class Many:
    """A page of documents, at the root."""

    listing: Listing


@dataclass(frozen=True, slots=True)
class Found:
    """What a resolver finds that is no document; its fields ask for nothing but the object."""


@dataclass(frozen=True, slots=True)
class Command:
    """A mutation."""


@dataclass(frozen=True, slots=True)
class Watch:
    """A subscription: to a document, to a page, or to the changes of a set."""

    listing: Listing
    what: Literal["one", "page", "changes"]

    @property
    def name(self) -> str:
        """The name of the field, as it is told to those who may not have it."""
        listing = self.listing
        return {"one": listing.one, "page": listing.many, "changes": f"{listing.one}Changes"}[
            self.what
        ]


Meaning = Attribute | Linked | One | Many | Found | Command | Watch
