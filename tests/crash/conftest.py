"""Where the choices of these tests come from."""

import random

import pytest


@pytest.fixture
def seed() -> int:
    """Of all choices of a test; printed, so that a failure shows it."""
    seed = random.getrandbits(32)
    print(f"seed: {seed}")
    return seed
