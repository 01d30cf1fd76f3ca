"""No memory on the disk: a participant's process that dies leaves no core dump, which would hold its keys.

What a process works on is in its memory in the clear: private keys, rows, updates, the model. When it is aborted, or
fails in a library, the system may write all of that into a file, or pipe it to a program that does, and both outlive
the bounty. Limits are inherited: what such a process starts leaves none either.

Not covered: memory that the system swaps out or hibernates to, and whoever is root.
"""

from __future__ import annotations

import ctypes
import resource
import sys
from typing import Final

__all__ = ["leave_no_dump"]

_PR_SET_DUMPABLE: Final = 4


def leave_no_dump() -> bool:
    """Have the system write nothing of this process's memory when it dies; it cannot be undone without root.

    The limit is what forbids files. Linux pipes dumps to a program whatever the limit says; there the process itself
    is made undumpable too, which also keeps other processes of its user from reading its memory.

    Returns:
        Whether the system did all that it can be asked for.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform != "linux":
        return True
    try:
        return bool(ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) == 0)
    except (OSError, AttributeError):  # a C library without it
        return False
