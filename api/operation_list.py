"""The file that lists operations: a manifest as Apollo's tool writes it, or Relay's map."""

from pathlib import Path

import msgspec

from api.settings import SettingsError

__all__ = ["read_operations"]

FORMAT = "apollo-persisted-query-manifest"
VERSION = 1


class _Entry(msgspec.Struct, frozen=True):
    id: str
    body: str


class _Manifest(msgspec.Struct, frozen=True):
    format: str
    version: int
    operations: list[_Entry]


def read_operations(path: Path) -> dict[str, str]:
    """The texts of the operations in a file by their ids.

    Raises SettingsError where the file cannot be read, or is no list of operations.
    """
    try:
        texts = _texts(path.read_bytes())
    except OSError as error:
        raise _wrong(path, f"cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise _wrong(path, f"is no list of operations: {error}") from None
    if not texts:
        raise _wrong(path, "lists no operation, so that none would be admitted")
    return texts


def _texts(content: bytes) -> dict[str, str]:
    read = msgspec.json.decode(content)
    if not isinstance(read, dict):
        raise ValueError("it must be an object of ids and texts, or Apollo's manifest")
    if "format" not in read:
        return msgspec.convert(read, dict[str, str])
    manifest = msgspec.convert(read, _Manifest)
    if (manifest.format, manifest.version) != (FORMAT, VERSION):
        raise ValueError(
            f"its format is {manifest.format!r}, version {manifest.version}; "
            f"what can be read is {FORMAT!r}, version {VERSION}"
        )
    texts: dict[str, str] = {}
    for each in manifest.operations:
        if texts.setdefault(each.id, each.body) != each.body:
            raise ValueError(f"the id {each.id[:80]!r} stands for two different operations")
    return texts


def _wrong(path: Path, what: str) -> SettingsError:
    return SettingsError(
        f"--operations (HEADRACE_OPERATIONS) names {path}, which {what}; give it a manifest of "
        "Apollo's generate-persisted-query-manifest, or a JSON object of ids and texts as Relay's"
    )
