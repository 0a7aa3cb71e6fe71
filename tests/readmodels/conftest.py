"""What several tests of the read side set up alike."""

import pytest

from readmodels import projector


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a projector tries again is tried again at once."""
    monkeypatch.setattr(projector, "BACKOFF_S_MIN", 0.001)
