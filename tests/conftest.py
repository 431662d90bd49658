"""What the tests share. `tests` is on the path as a folder, so helpers are imported as `tests.fixtures…`."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.fixtures.home import DemoHome, make_demo_home

settings.register_profile("wenshu", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("wenshu")


@pytest.fixture(scope="session")
def demo_home(tmp_path_factory: pytest.TempPathFactory) -> DemoHome:
    """A small demo company, ingested, with its accounts; shared by all tests of this process that only ask."""
    folder: Path = tmp_path_factory.mktemp("demo")
    return make_demo_home(folder / "home")
