"""What loads keep of files for one another (`governance.ingest.kept`), as far as acts about persons have to do with it: it can be thrown away at any time."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

KEPT = "kept"
"""The folder in `<home>/ingest/`."""


def forget_kept(loads: Path) -> None:
    """Remove everything that loads kept; the next one reads every file."""
    shutil.rmtree(loads / KEPT, ignore_errors=True)
    if (loads / KEPT).exists():
        message = "what the last load kept can't be removed"
        raise OSError(message)
