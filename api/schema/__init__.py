"""The GraphQL schema, derived from what a team has written: nobody writes a resolver.

`derive` gives it, `core` what graphql-core executes, `print_sdl` its text.
"""

from api.schema.decoding import Decode, command_decoder
from api.schema.derive import core, derive
from api.schema.limits import Limits
from api.schema.sdl import print_sdl

__all__ = ["Decode", "Limits", "command_decoder", "core", "derive", "print_sdl"]
