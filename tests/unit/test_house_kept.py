"""A bundle that comes back in force over the same load on the same day is at hand; over another load it is made anew."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from wenshu.house import House, InForce


class _Source:
    def __init__(self) -> None:
        self.version = "one"

    def stamp(self) -> str:
        return self.version

    def load(self, stamp: object) -> Any:
        return SimpleNamespace(version=stamp)

    def before(self, stamp: object) -> Any:
        return None


class _Counting(House):
    def __init__(self, source: Any, file: Path | None) -> None:
        self.made: list[str] = []
        super().__init__(source, SimpleNamespace(), file=file, screener=None)

    def _compiled(self, bundle: Any, today: Any, stamp: object) -> InForce:
        self.made.append(bundle.version)
        return InForce(bundle=bundle, active=SimpleNamespace(), lexicon=SimpleNamespace(), stamp=stamp)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "warehouse"
    path.write_bytes(b"first")
    return path


def asked(house: _Counting, source: _Source, *versions: str) -> list[str]:
    for version in versions:
        source.version = version
        assert house.current().bundle.version == version
        assert house.current().stamp[0] == version
    return house.made


def test_going_back_to_the_bundle_before_makes_nothing_anew_and_one_longer_ago_does(file):
    source = _Source()
    assert asked(_Counting(source, file), source, "one", "two", "one", "two", "three", "two", "one") == ["one", "two", "three", "one"]


def test_the_same_bundle_over_another_load_is_made_anew(file):
    source = _Source()
    house = _Counting(source, file)
    asked(house, source, "one", "two")
    os.utime(file, (1, 1))
    assert asked(house, source, "one", "two", "one") == ["one", "two", "one", "two"]


def test_over_a_server_whose_loads_nobody_sees_every_change_is_made_anew():
    source = _Source()
    assert asked(_Counting(source, None), source, "one", "two", "one") == ["one", "two", "one"]
