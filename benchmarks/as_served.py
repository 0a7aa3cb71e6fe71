"""Runs a benchmark as a server runs: on its event loop, with its threads' interval, as quiet."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

import uvloop

from api.serving import settle


def run(main: Coroutine[Any, Any, None]) -> None:
    """Run it to its end."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    settle()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main)
