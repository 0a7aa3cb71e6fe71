"""A hospital at work, its server killed at any instant: beds, stays and doses are right at last."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest

from domain.clinical.patients import patients
from domain.clinical.wards import wards
from domain.model import AnyAggregate
from tests.alone import CLINICAL
from tests.crash.ledger import check_streams, read_log
from tests.crash.quiet import until_quiet, work_of
from tests.crash.world import REQUEST_S, Client, World
from tests.domain.clinical.simulator import World as Hospital
from tests.domain.clinical.test_interleaving import (
    check_beds,
    check_beds_at_every_moment,
    check_doses,
)
from tests.hospital import ANN
from tests.serving import Json, running_server
from tests.shop import mutation

PEOPLE = 8
PATIENTS = 7
LIFE_S = 1.2
"""How long a server lives at most, once it is ready."""
BEDS: list[Json] = [{"ward": f"w-{ward}", "bed": str(bed)} for ward in (0, 1) for bed in (0, 1, 2)]


@dataclass
class Shift:
    """People who admit, move, discharge, prescribe and give, each thing until it is answered."""

    client: Client
    random: Random
    patients: list[str] = field(default_factory=list[str])
    prescriptions: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    accepted: Counter[str] = field(default_factory=Counter[str])
    refused: Counter[str] = field(default_factory=Counter[str])
    count: int = 0

    async def send(self, name: str, input: Json, sub: str, role: str) -> Json:
        """The result; sometimes the same is sent again, and must be answered as before."""
        self.count += 1
        variables: Json = {"input": input, "commandId": f"{name}-{self.count}"}
        data = await self.client.ask(mutation(name), variables, sub, role)
        result: Json = data["result"]
        is_accepted = result["__typename"] == "Accepted"
        (self.accepted if is_accepted else self.refused)[name] += 1
        if is_accepted and self.random.random() < 0.1:
            again = await self.client.ask(mutation(name), variables, sub, role)
            assert again["result"] == result
        return result

    async def open(self) -> None:
        for ward in ("w-0", "w-1"):
            beds = [each["bed"] for each in BEDS if each["ward"] == ward]
            await self.send(
                "openWard", {"ward": ward, "name": ward, "beds": beds}, "mia", "ward_manager"
            )
        for _ in range(PATIENTS):
            made = await self.send(
                "registerPatient", {**ANN, "careTeam": ["dora"]}, "rex", "registrar"
            )
            self.patients.append(made["id"])

    async def work(self) -> None:
        """Do things until it is over."""
        while not self.client.world.is_over:
            await self._next()

    async def _next(self) -> None:
        patient, bed = self.random.choice(self.patients), self.random.choice(BEDS)
        chance = self.random.random()
        if chance < 0.3:
            admit: Json = {"patient": patient, "bed": bed, "reason": "fever"}
            await self.send("admitPatient", admit, "rex", "registrar")
        elif chance < 0.55:
            await self.send("transferBed", {"patient": patient, "bed": bed}, "rex", "registrar")
        elif chance < 0.7:
            home = {"patient": patient, "disposition": "home"}
            await self.send("dischargePatient", home, "dora", "clinician")
        elif chance < 0.8 or not self.prescriptions:
            await self._prescribe(patient)
        else:
            await self.give(*self.random.choice(self.prescriptions))

    async def _prescribe(self, patient: str) -> None:
        first_at = datetime.now(UTC) + timedelta(seconds=self.random.choice([1, 3]))
        schedule: Json = {"everyMinutes": 60, "doses": 1, "windowMinutes": 30}
        input: Json = {
            "patient": patient, "medication": "Pills", "ingredients": ["metformin"],
            "dose": {"value": "500", "unit": "mg"}, "route": "ORAL",
            "schedule": {**schedule, "firstAt": first_at.isoformat().replace("+00:00", "Z")},
        }  # fmt: skip
        result = await self.send("prescribeMedication", input, "dora", "clinician")
        if result["__typename"] == "Accepted":
            named = [each["data"].get("prescription") for each in result["events"]]
            self.prescriptions.append((patient, next(filter(None, named))))

    async def give(self, patient: str, prescription: str) -> None:
        dose = {"patient": patient, "prescription": prescription, "dose": 1}
        await self.send("administerDose", dose, "dora", "clinician")


async def hospital_of(directory: Path) -> Hospital:
    """The streams that the log has, each event folded in its place, looked at in between."""
    aggregates: dict[str, AnyAggregate] = {each.name: each for each in (patients, wards)}
    hospital = Hospital(Random(0))
    events = await read_log(directory)
    check_streams(events)
    for recorded in events:
        name, _, id = recorded.stream.partition("-")
        event: Any = recorded.event
        stream = hospital.stream(aggregates[name], id)
        stream.state = stream.aggregate.evolve(stream.state, event)
        stream.events.append(event)
        if name == "ward":
            check_beds_at_every_moment(hospital)
    return hospital


@pytest.mark.parametrize("lives", [3, pytest.param(20, marks=pytest.mark.soak)])
async def test_killed_amid_admissions_transfers_and_doses_a_hospital_comes_to_rest(
    tmp_path: Path, seed: int, lives: int
) -> None:
    random, world, directory = Random(seed), World(Random(seed)), tmp_path / "data"
    async with httpx.AsyncClient() as http, asyncio.TaskGroup() as group:
        shift = Shift(Client(world, http, REQUEST_S), Random(seed))
        opening = group.create_task(shift.open())
        working: list[asyncio.Task[None]] = []
        for _ in range(lives):
            async with running_server(directory, MODEL=CLINICAL) as server:
                world.rises(server)
                if not working:
                    await opening
                    working = [group.create_task(shift.work()) for _ in range(PEOPLE)]
                await asyncio.sleep(random.uniform(0.1, LIFE_S))
                await server.kill()
                world.falls(server)
        async with running_server(directory, MODEL=CLINICAL) as server:
            world.rises(server)
            await asyncio.sleep(LIFE_S)
            world.is_over = True
            await asyncio.wait(working)
            for patient, prescription in shift.prescriptions:
                await shift.give(patient, prescription)
            await until_quiet(work_of(server))
            assert await server.terminate() == 0
    hospital = await hospital_of(directory)
    check_beds(hospital)
    check_doses(hospital)
    print(f"accepted: {shift.accepted}, refused: {shift.refused}")
    assert {"admitPatient", "transferBed", "prescribeMedication"} <= shift.accepted.keys()
