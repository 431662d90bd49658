"""What the tests share. `tests` is on the path as a folder, so helpers are imported as `tests.fixtures…`."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.fixtures import home
from tests.fixtures.home import DemoHome, make_demo_home

settings.register_profile("wenshu", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("wenshu")


@pytest.fixture(scope="session", autouse=True)
def kept_homes(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Homes are made once for all workers: pytest-xdist gives each a folder of its own beside the others'."""
    base = tmp_path_factory.getbasetemp()
    home.HOMES = (base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base) / "kept-homes"


@pytest.fixture(scope="session")
def demo_home(tmp_path_factory: pytest.TempPathFactory) -> DemoHome:
    """A small demo company, ingested, with its accounts; shared by all tests of this process that only ask."""
    folder: Path = tmp_path_factory.mktemp("demo")
    return make_demo_home(folder / "home")
