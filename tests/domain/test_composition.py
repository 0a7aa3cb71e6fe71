"""What does not fit together is refused at the start, in a sentence that names the culprit."""

from dataclasses import replace
from typing import Any

import pytest

from domain.composition import Upcaster, compose
from domain.model import After, Public, Role, command, event
from domain.rules import Owner
from readmodels.composition import build
from tests import sample
from tests.domain.parts import (
    ACCOUNTS,
    TRANSFERS,
    Empty,
    Tidied,
    Tidy,
    aggregate,
    bare,
    process,
    refused,
)
from tests.sample import Account, Deposit, Deposited, Opened

# What fits


def test_the_sample_fits() -> None:
    model = sample.sample()
    assert set(model.domain.commands) == {
        "OpenAccount",
        "OpenNamed",
        "Deposit",
        "Withdraw",
        "Close",
    }
    assert model.domain.owners[Deposit] is ACCOUNTS
    assert model.domain.events["sample.Opened"] is Opened
    assert model.shown[Account].collection.name == "Account"
    assert model.shown[Account].read == Owner("owner") | Role("teller")
    assert model.roles == {"teller", "customer"}


def test_two_aggregates_may_fold_the_same_event() -> None:
    both = aggregate(evolves=Tidied | Deposited)
    assert set(compose([ACCOUNTS, both]).events) == {
        "sample.Opened",
        "sample.Deposited",
        "sample.Withdrawn",
        "sample.Closed",
        "other.Tidied",
    }


def test_an_upcaster_for_each_older_version_is_a_way_to_this_one() -> None:
    @event("other.Tidied", version=3)
    class Newer:
        """It was tidied up better."""

        account: str

    ways = [Upcaster("other.Tidied", version, dict) for version in (2, 1)]
    domain = compose([aggregate(evolves=Newer, gives=list[Newer])], upcasters=ways)
    assert set(domain.upcasters) == {("other.Tidied", 1), ("other.Tidied", 2)}


# Names


def test_a_name_used_twice() -> None:
    assert refused(aggregates=[ACCOUNTS, aggregate("account")]) == (
        "two aggregates are called 'account'; rename one"
    )
    assert refused(processes=[TRANSFERS, TRANSFERS]) == (
        "two processes are called 'transfer'; rename one"
    )


@pytest.mark.parametrize("name", ["", "my-account", "a b", "1st", "käse", "a/b"])
def test_a_name_that_cannot_start_an_id(name: str) -> None:
    assert refused(aggregates=[aggregate(name)]) == (
        f"{name!r} must be a plain word: names of aggregates start ids"
    )


# Commands


def test_two_aggregates_for_one_command() -> None:
    thief = aggregate("thief", decides=Tidy | Deposit)
    assert refused(aggregates=[ACCOUNTS, thief]) == (
        "two aggregates take the command Deposit: 'account' and 'thief'"
    )


def test_a_command_that_is_none() -> None:
    assert refused(aggregates=[aggregate(decides=Empty)]) == (
        "tests.domain.parts.Empty, which aggregate 'other' decides, is no command: "
        "decorate it with @command(...)"
    )


def test_two_commands_of_one_name() -> None:
    @command(allow=Public())
    class Deposit:
        """Another one."""

        account: str

    sentence = refused(aggregates=[ACCOUNTS, aggregate(decides=Deposit)])
    assert sentence.startswith("two commands are called Deposit: tests.sample.Deposit and ")


def test_a_command_for_the_owner_of_a_document() -> None:
    @command(allow=Role("clerk") | Owner("account"))
    class Erase:
        """Erase it."""

        account: str

    assert refused(aggregates=[aggregate(decides=Erase)]) == (
        "allow= of Erase names an Owner, but a command has no document: check the Actor in decide"
    )


# Events


def test_an_event_that_is_none() -> None:
    assert refused(aggregates=[aggregate(evolves=Tidied | Empty)]) == (
        "tests.domain.parts.Empty, which aggregate 'other' evolves with, is no event: "
        'decorate it with @event("its.WireName")'
    )


def test_a_wire_name_used_twice() -> None:
    @event("sample.Opened")
    class Unsealed:
        """Something else of the same name."""

        account: str

    sentence = refused(aggregates=[ACCOUNTS, aggregate(evolves=Tidied | Unsealed)])
    assert sentence.startswith(
        "the wire name 'sample.Opened' is used twice: by tests.sample.Opened"
    )
    assert sentence.endswith("Unsealed")


def test_an_event_that_is_decided_and_not_folded() -> None:
    assert refused(aggregates=[aggregate(gives=list[Tidied | Opened])]) == (
        "aggregate 'other' decides tests.sample.Opened but does not evolve with it"
    )


# Annotations


def test_functions_that_do_not_say_what_they_take_and_give() -> None:
    assert refused(aggregates=[replace(ACCOUNTS, decide=bare(ACCOUNTS.decide))]) == (
        "decide of aggregate 'account' needs annotated parameters: its unions are read from there"
    )
    assert refused(aggregates=[aggregate(gives=list)]) == (
        "decide of aggregate 'other' must say what it returns: `-> list[...]`"
    )
    assert refused(aggregates=[aggregate(decides="Nonsense")]) == (
        "the annotations of decide of aggregate 'other' cannot be read: "
        "name 'Nonsense' is not defined"
    )
    assert refused(processes=[replace(TRANSFERS, react=bare(TRANSFERS.react))]).startswith(
        "react of process 'transfer' must say what it returns"
    )


# Processes


def test_a_process_of_an_event_that_nothing_defines() -> None:
    assert refused(processes=[process(evolves=Tidied)]) == (
        "process 'transfer' handles tests.domain.parts.Tidied, an event that no aggregate defines"
    )


@pytest.mark.parametrize("sends", [list[Tidy], list[Deposit | Tidy], list[Deposit | After[Tidy]]])
def test_a_process_that_sends_what_nobody_takes(sends: Any) -> None:
    assert refused(processes=[process(sends=sends)]) == (
        "process 'transfer' sends tests.domain.parts.Tidy, which no aggregate takes"
    )


# Upcasters


def test_an_upcaster_of_an_event_that_nothing_defines() -> None:
    assert refused(upcasters=[Upcaster("sample.Vanished", 1, dict)]) == (
        "an upcaster is for 'sample.Vanished', which nothing defines"
    )


def test_an_upcaster_that_leads_nowhere() -> None:
    assert refused(upcasters=[Upcaster("sample.Opened", 1, dict)]) == (
        "an upcaster is for 'sample.Opened' version 1, but the event is at version 1: "
        "raise its version="
    )


def test_upcasters_with_a_gap_or_twice() -> None:
    @event("other.Tidied", version=4)
    class Newer:
        """It was tidied up better."""

        account: str

    tidy = [aggregate(evolves=Newer, gives=list[Newer])]
    ways = [Upcaster("other.Tidied", version, dict) for version in (1, 3)]
    assert refused(aggregates=tidy, upcasters=ways) == (
        "'other.Tidied' is at version 4, but no upcaster is for 2"
    )
    assert refused(aggregates=tidy, upcasters=[*ways, ways[0]]) == (
        "two upcasters are for 'other.Tidied' version 1"
    )


def test_a_role_that_is_none() -> None:
    with pytest.raises(TypeError, match="names no role"):
        Role()


def test_nothing_is_known_that_was_not_given() -> None:
    assert set(compose([]).commands) == set()
    assert build(aggregates=[]).shown == {}
