"""What a GraphQL request carries, however it comes: a text or its name, variables, extensions."""

from typing import Any

import msgspec

from api.errors import BAD_USER_INPUT, Fault

__all__ = ["Params", "decode_params"]


class Params(msgspec.Struct, frozen=True):
    """A GraphQL request's parameters, as HTTP, WebSocket and event streams carry them."""

    query: str | None = None
    operationName: str | None = None
    variables: dict[str, Any] | None = None
    extensions: dict[str, Any] | None = None
    documentId: str | None = None

    def __post_init__(self) -> None:
        if self.query is None and not self.documentId and self.persisted is None:
            raise ValueError("it has no `query`, and no `documentId` or hash that stands for one")

    @property
    def persisted(self) -> object:
        """The extension `persistedQuery`, whatever it is; None where there is none."""
        return self.extensions.get("persistedQuery") if self.extensions else None


_decoder = msgspec.json.Decoder(Params)


def decode_params(body: bytes | bytearray | str) -> Params:
    """The parameters in a JSON body. Raises `Fault` BAD_USER_INPUT with what is wrong."""
    try:
        return _decoder.decode(body)
    except msgspec.ValidationError as error:
        what = str(error)
        if "got `array`" in what and "$" not in what:
            what = "batches are not supported, send one operation a request"
        raise Fault(BAD_USER_INPUT, f"The request is wrong: {what}") from None
    except (ValueError, RecursionError) as error:
        what = "it nests too deep" if isinstance(error, RecursionError) else str(error)
        raise Fault(BAD_USER_INPUT, f"The request is no JSON: {what}") from None
