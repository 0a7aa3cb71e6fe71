"""What a process has used so far, as Linux counts it."""

import os
import re
from pathlib import Path


def cpu_s(pid: int) -> float:
    """Seconds of processor time, its threads' and the kernel's for it; in steps of a tick."""
    stat = Path(f"/proc/{pid}/stat").read_text("utf-8")
    fields = stat.rpartition(")")[2].split()  # its name may hold anything, blanks too
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rss_mib(pid: int) -> float:
    """The memory that it has resident."""
    status = Path(f"/proc/{pid}/status").read_text("utf-8")
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1]) / 1024
