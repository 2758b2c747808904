"""What the computer gives to this process."""

from __future__ import annotations

import ctypes
import os
from contextlib import suppress

__all__ = ["give_back_memory", "usable_cores"]


def give_back_memory() -> None:
    """Give the system back what was freed, where the C library keeps it for later: after large things went."""
    with suppress(AttributeError, OSError, TypeError):  # glibc has it; others give back by themselves
        ctypes.CDLL(None).malloc_trim(0)


def usable_cores() -> int:
    """How many cores the process may use: those it is bound to, where the system can say."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
