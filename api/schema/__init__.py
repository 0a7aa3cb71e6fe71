"""The GraphQL schema, derived from what a team has written: nobody writes a resolver.

`derive` gives it, `core` what graphql-core executes, `print_sdl` its text.
"""

from api.schema.derive import core, derive
from api.schema.limits import Limits
from api.schema.sdl import print_sdl

__all__ = ["Limits", "core", "derive", "print_sdl"]
