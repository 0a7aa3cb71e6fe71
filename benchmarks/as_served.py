"""Runs a benchmark as a server runs: on its event loop, with its threads' interval, as quiet."""

import asyncio
import gc
import logging
import sys
from collections.abc import Coroutine
from typing import Any

import uvloop

from api.serving import SWITCH_INTERVAL_S


def run(main: Coroutine[Any, Any, None]) -> None:
    """Run it to its end."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    gc.collect()
    gc.freeze()
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main)
