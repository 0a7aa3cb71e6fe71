"""Clinical: patients with their charts and medications, wards with their beds, and care teams."""

from domain.clinical import bed_moves, dosing, emergency_access, merging, patients, wards
from domain.model import AnyAggregate, AnyProcess

AGGREGATES: tuple[AnyAggregate, ...] = (patients.patients, wards.wards)
PROCESSES: tuple[AnyProcess, ...] = (
    bed_moves.bed_moves,
    dosing.dosing,
    merging.merging,
    emergency_access.emergency_access,
)
