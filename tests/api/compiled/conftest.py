"""What graphql-core leaves behind is collected with the test that made it leave it."""

import gc
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def collected() -> Iterator[None]:
    """It gives up fields beside one that failed, and never awaits them."""
    yield
    gc.collect()
