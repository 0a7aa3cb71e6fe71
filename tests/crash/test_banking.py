"""A bank under load, killed in the middle of transfers: no money is lost or made, none sticks."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import httpx
import pytest

from domain.banking import AGGREGATES
from eventlog.envelope import Recorded
from tests.alone import BANKING, banking_alone
from tests.bank import SENDERS
from tests.crash.documents import check_documents
from tests.crash.ledger import check_streams, read_log
from tests.crash.quiet import until_quiet, work_of
from tests.crash.world import Client, World
from tests.domain.banking import simulator
from tests.domain.banking.checks import check_every_moment, check_rest
from tests.serving import Json, running_server
from tests.shop import mutation

LIFE_S = 1.2
PEOPLE = 8
ACCOUNTS = 6


@dataclass
class Branch:
    """What all people at the bank know: its accounts."""

    client: Client
    random: Random
    accounts: list[str] = field(default_factory=list[str])
    told: Counter[str] = field(default_factory=Counter[str])
    count: int = 0

    async def do(self, name: str, input: Json) -> Json:
        """What a command comes to, asked until it is answered."""
        self.count += 1
        variables = {"input": input, "commandId": f"{name}-{self.count}", "expectedVersion": None}
        answer = await self.client.ask(mutation(name), variables, *SENDERS[name])
        result: Json = answer["result"]
        self.told[f"{name} {result['__typename']}"] += 1
        return result

    async def open(self) -> None:
        """A few accounts with money, and something to buy."""
        for number in range(ACCOUNTS):
            opened = await self.do("openAccount", {"owners": ["ann"], "currency": "USD"})
            self.accounts.append(opened["id"])
            cash = {"account": opened["id"], "amount": f"{100 * number + 100}", "means": "CASH"}
            await self.do("depositMoney", cash)
        listed = {"instrument": "XYZ", "name": "XYZ", "currency": "USD"}
        await self.do("listInstrument", listed)
        await self.do("recordQuote", {"instrument": "XYZ", "price": "3.50"})

    async def work(self) -> None:
        """Do things until it is over."""
        while not self.client.world.is_over:
            await self._next()

    async def _next(self) -> None:
        random = self.random
        account, other = random.sample(self.accounts, 2)
        chance = random.random()
        if chance < 0.7:
            target = other if random.random() < 0.9 else "nowhere"
            amount = str(random.randint(1, 90))
            input = {"source": account, "target": target, "currency": "USD", "amount": amount}
            await self.do("requestTransfer", input)
        elif chance < 0.85:
            side, quantity = random.choice(("BUY", "BUY", "SELL")), str(random.randint(1, 5))
            trade = {"account": account, "instrument": "XYZ", "side": side, "quantity": quantity}
            await self.do("placeTrade", trade)
        elif chance < 0.90:
            price = str(random.randint(1, 900) / 100)
            await self.do("recordQuote", {"instrument": "XYZ", "price": price})
        elif chance < 0.94:
            await self.do("freezeAccount", {"account": account, "reason": "to look at"})
        else:
            await self.do("unfreezeAccount", {"account": account})


async def lived(directory: Path, seed: int, lives: int) -> Counter[str]:
    """Some lives that end by SIGKILL, and a last one to its end; what people were told in them."""
    random = Random(seed)
    world = World(random)
    async with httpx.AsyncClient() as http, asyncio.TaskGroup() as group:
        branch = Branch(Client(world, http), random)
        working: list[asyncio.Task[None]] = []
        for life in range(lives):
            async with running_server(directory, MODEL=BANKING) as server:
                world.rises(server)
                if not life:
                    await branch.open()
                    working = [group.create_task(branch.work()) for _ in range(PEOPLE)]
                await asyncio.sleep(random.uniform(LIFE_S / 2, LIFE_S))
                await server.kill()
                world.falls(server)
        async with running_server(directory, MODEL=BANKING) as server:
            world.rises(server)
            world.is_over = True
            await asyncio.wait(working)
            await until_quiet(work_of(server))
            assert await server.terminate() == 0
    return branch.told


def replayed(events: Sequence[Recorded]) -> simulator.World:
    """The bank that the log is about, folded by its own aggregates."""
    world = simulator.World(Random(0))
    aggregates = {each.name: each for each in AGGREGATES}
    for each in events:
        name, _, id = each.stream.partition("-")
        stream = world.stream(aggregates[name], id)
        stream.state = stream.aggregate.evolve(stream.state, each.event)
        stream.events.append(each.event)
        world.log.append(each.event)
    return world


@pytest.mark.parametrize("lives", [3, pytest.param(20, marks=pytest.mark.soak)])
async def test_a_bank_that_is_killed_loses_and_makes_no_money(
    tmp_path: Path, seed: int, lives: int
) -> None:
    told = await lived(tmp_path / "data", seed, lives)
    print(told)
    events = await read_log(tmp_path / "data")
    check_streams(events)
    world = replayed(events)
    check_every_moment(world)
    check_rest(world)
    await check_documents(tmp_path / "data", events, banking_alone())
    ends = Counter(type(each).__name__ for each in world.log)
    assert ends["TransferCompleted"] > 5
    assert told["requestTransfer Accepted"] == ends["TransferRequested"]
    assert told["placeTrade Accepted"] == ends["TradePlaced"]
