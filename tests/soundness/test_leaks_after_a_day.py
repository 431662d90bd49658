"""A whole day on a real server with people planted in it, and no trace of them anywhere: stores, logs, caches, temporary files, exports, a core file of the worker."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bench.leak_scan import scan
from tests.fixtures.home import ROOT

LIMITS = "from wenshu.memory import seal; seal(); import resource; print(*resource.getrlimit(resource.RLIMIT_CORE)); print(open('/proc/self/limits').read().split('Max core file size')[1].split()[:2])"


@pytest.mark.long
def test_a_day_leaves_no_planted_person_behind(tmp_path: Path) -> None:
    found = scan(tmp_path, questions=10)
    assert found["hits"] == []
    assert found["core_files"] == []
    assert found["core_limit_of_the_worker"] == ["0", "0"]
    done = found["done"]
    assert (done["answers"], done["refusals"], done["identities shown"], done["copies"]) == (10, 36, 4, 6)
    assert found["looked_through"]["files"] > 50
    # The look is a real one: what was typed and shown is in the worker's memory while it lives.
    assert sum(found["in_the_workers_memory"].values()) > 0


def test_a_command_of_ours_leaves_no_core_file_where_others_may() -> None:
    done = subprocess.run([sys.executable, "-c", LIMITS], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["0 0", "['0', '0']"]


def test_every_command_and_every_worker_seals_its_memory() -> None:
    for path in ("wenshu/cli.py", "wenshu/web/wsgi.py"):
        assert "    seal()\n" in (ROOT / path).read_text(encoding="utf-8"), path
