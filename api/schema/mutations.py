"""Commands as mutations, and what becomes of them as `CommandResult`."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from api.schema.asking import answered, asked, require
from api.schema.book import Argument, Book, Field, attribute
from api.schema.inputs import Convert, Inputs, Wrong, checked
from api.schema.meanings import Command
from api.schema.names import described, lower_first
from api.schema.reading import Root
from api.schema.withholding import Shown, for_sender, withheld
from domain.composition import CompositionError, Domain, command_spec
from domain.model import Rejected
from domain.rules import Public, Rule, alternatives, roles_of
from eventlog.dispatcher import Sender
from eventlog.envelope import Recorded
from eventlog.ids import new_id
from eventlog.outcome import Accepted, Outcome, Refused

__all__ = ["make_recorded_event", "mutations"]

_COMMAND_ID = "Sending the same one again gives the first result and does nothing anew."
_EXPECTED_VERSION = "The version the stream must have, else the result is CONFLICT."


def mutations(domain: Domain, book: Book, inputs: Inputs) -> dict[str, Field]:
    """A mutation for each command that says who may send it, by name."""
    made: dict[str, Field] = {}
    names: dict[str, str] = {}
    hidden = withheld(domain)
    for name, cls in domain.commands.items():
        spec = command_spec(cls)
        if spec is None or spec.allow is None:
            continue
        spelling = lower_first(name)
        other = names.setdefault(spelling, name)
        if other != name:
            raise CompositionError(f"{other} and {name} would both be the mutation {spelling}")
        shown = for_sender(hidden, domain.owners[cls].history)
        made[spelling] = _mutation(cls, spec.allow, book, inputs, shown)
    if made:
        _make_result(book)
    return made


def _mutation(cls: type[Any], allow: Rule, book: Book, inputs: Inputs, shown: Shown) -> Field:
    name = f"{cls.__name__}Input"
    book.claim(name, f"the input of {cls.__module__}.{cls.__qualname__}")
    description = described(cls)
    convert = inputs.fields(cls, name, description)
    arguments = {
        "input": Argument(f"{name}!"),
        "commandId": Argument("ID", description=_COMMAND_ID),
        "expectedVersion": Argument("Int", description=_EXPECTED_VERSION),
    }
    if convert is None:
        del arguments["input"]
    return Field(
        type="CommandResult!",
        arguments=arguments,
        resolve=_resolver(cls, allow, convert, inputs, shown),
        meaning=Command(),
        description="\n\n".join(filter(None, (description, _senders(allow)))),
    )


def _senders(allow: Rule) -> str:
    """The sentence that says who may send a command: people look for it where they write it."""
    if Public() in alternatives(allow):
        return "Anybody may send it."
    return f"Sent by: {', '.join(sorted(roles_of(allow)))}."


def _resolver(
    cls: type[Any],
    allow: Rule,
    convert: Convert | None,
    inputs: Inputs,
    shown: Shown,
) -> Callable[..., Awaitable[Outcome]]:
    async def resolve(
        _root: object,
        info: Any,
        input: Any = None,
        commandId: str | None = None,
        expectedVersion: int | None = None,
    ) -> Outcome:
        request = asked(info)
        done: Outcome | Exception | None = request.done.get(info.path.key)
        if isinstance(done, Exception):
            raise done
        if done is not None:
            return done
        viewer = request.session.viewer
        require(allow, viewer, info.field_name)
        if commandId is not None:
            checked("commandId", inputs.id, commandId)
        if expectedVersion is not None:
            checked("expectedVersion", _version, expectedVersion)
        try:
            fields: dict[str, Any] = {} if convert is None else checked("input", convert, input)
        except Rejected as no:  # a value of the domain did not let itself be made
            return Refused(command_id=commandId or new_id(), code=no.code, message=no.message)
        sender = Sender(actor=viewer.subject, roles=viewer.roles, trace=request.traceparent)
        request.sent[info.path.key] = command_id = commandId or new_id()
        dispatched = request.services.dispatcher.dispatch(
            cls,
            fields,
            sender,
            command_id=command_id,
            is_new=commandId is None,
            expected_version=expectedVersion,
        )
        return shown(await answered(dispatched), viewer)

    return resolve


def _version(value: int) -> int:
    if value < 0:
        raise Wrong("must not be negative; a stream that is not there yet has version 0")
    return value


def _make_result(book: Book) -> None:
    book.object(
        "Accepted",
        {
            "commandId": Field(type="ID!", resolve=attribute("command_id")),
            "id": Field(
                type="ID!", resolve=attribute("id"), description="The id of the aggregate."
            ),
            "version": Field(
                type="Int!",
                resolve=attribute("version"),
                description="The version of the stream after the command.",
            ),
            "token": Field(
                type="Token!",
                resolve=attribute("position"),
                description="The place of the command in the log, for `atLeast`.",
            ),
            "events": Field(type="[RecordedEvent!]!", resolve=attribute("events")),
            "query": Field(
                type="Query!",
                resolve=_query,
                description="Everything that can be asked, consistent with this command.",
            ),
        },
        "The command was carried out; what happened stands in the log.",
    )
    book.object(
        "Rejected",
        {
            "commandId": Field(type="ID!", resolve=attribute("command_id")),
            "code": Field(type="String!", resolve=attribute("code")),
            "message": Field(type="String!", resolve=attribute("message")),
        },
        "The domain's no: nothing has happened.",
    )
    book.union(
        "CommandResult", {Accepted: "Accepted", Refused: "Rejected"}, "What became of a command."
    )


def _query(accepted: Accepted, _info: object) -> Root:
    return Root(accepted.position)


def make_recorded_event(book: Book) -> None:
    """Makes the type of an event in the log."""
    plain = {"id": "ID!", "type": "String!", "stream": "ID!", "version": "Int!", "at": "DateTime!"}
    fields = {name: Field(type=type_, resolve=attribute(name)) for name, type_ in plain.items()}
    fields["actor"] = Field(type="String", resolve=attribute("actor"))
    fields["data"] = Field(type="JSON!", resolve=_data)
    fields["token"] = Field(type="Token!", resolve=attribute("position"))
    book.object("RecordedEvent", fields, "Something that happened, as it stands in the log.")


def _data(event: Recorded, _info: object) -> object:
    return msgspec.json.decode(event.data)
