"""What is in the memory of a process of ours stays there: no core file when it fails, and nobody of the same account attaches to it.

Questions as typed and identities that were shown once are in a worker's memory until it is used anew; a core file would keep them on a disk for years.
"""

from __future__ import annotations

import ctypes
import sys

_PR_SET_DUMPABLE = 4
"""prctl(2)."""


def seal() -> None:
    """Forbid core files to this process and all that it starts, and, on Linux, looking into it by another process of the same account.

    The first holds over `exec`, the second is the process's own and its forks'. The machine's administrator can still look into any process.
    """
    if sys.platform == "win32":
        return
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        # A kernel that refuses leaves the limit, which is what keeps files from being written.
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
