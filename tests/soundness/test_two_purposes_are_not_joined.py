"""Rows released for two purposes have nothing in common but what was measured: no value, no order, no hint, no leftover of an older key."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from pathlib import Path

import pytest

from tests.fixtures.home import TODAY, DemoHome, copied_home
from wenshu.home import Home
from wenshu.service import Service
from wenshu.settings import read_environment

PSEUDONYM = re.compile(r"[A-Z]\d+-[0-9A-HJKMNP-TV-Z]{17}")
ASKED = {"metrics": ["visits"], "group_by": ["rep"], "period": {"start": "2026-10-01", "end": "2026-11-01"}}


@pytest.fixture(scope="module")
def home(demo_home: DemoHome, tmp_path_factory: pytest.TempPathFactory) -> DemoHome:
    return copied_home(demo_home, tmp_path_factory.mktemp("joined") / "home")


def opened(home: DemoHome) -> Service:
    return Service.open(Home(home.path), read_environment(str(home.path), {"WENSHU_TODAY": TODAY}))


def told(service: Service, query: dict, purpose: str) -> list[list]:
    rows = service.query(service.local_actor("manager_east"), query, purpose=purpose).to_json()["rows"]
    assert len(rows) > 3
    return rows


def test_no_value_and_no_order_of_one_purpose_is_found_in_the_other(home: DemoHome) -> None:
    with opened(home) as service:
        rows = told(service, ASKED, "performance_review")
        ordered = told(service, ASKED | {"order": [{"by": "visits", "direction": "desc"}]}, "performance_review")
        directory = service._identities.directory()
        uids = [directory.find(row[0], ["performance_review"]).uid for row in rows]
        other = [directory.released("rep", uid, "market_analysis") for uid in uids]
        inner = [directory.inner("rep", uid) for uid in uids]
    assert [row[0] for row in rows] == sorted(row[0] for row in rows), "in the order of what is released"
    assert len({*(row[0][3:-1] for row in rows), *(key[3:-1] for key in other), *(key[3:-1] for key in inner)}) == 3 * len(rows)
    assert other != sorted(other)
    assert inner != sorted(inner)
    assert all(one[0] < after[0] for one, after in pairwise(ordered) if one[1] == after[1]), "ties fall by what is released"


def test_a_pseudonym_of_another_purpose_gets_nothing_and_no_hint(home: DemoHome) -> None:
    with opened(home) as service:
        directory = service._identities.directory()
        known = told(service, ASKED, "performance_review")[0][0]
        uid = directory.find(known, ["performance_review"]).uid
        foreign = directory.released("rep", uid, "market_analysis")
        from dataclasses import replace

        manager = replace(service.local_actor("manager_east"), via="session")
        for value in (foreign, directory.inner("rep", uid), "R1-00000000000000000", known[:-1] + ("0" if known[-1] != "0" else "1")):
            asked = ASKED | {"group_by": [], "where": [{"dimension": "rep", "op": "in", "values": [value]}]}
            answer = service.query(manager, asked, purpose="performance_review").to_json()
            assert answer["status"] != "answered" or not any(row[0] for row in answer["rows"])
            assert set(PSEUDONYM.findall(json.dumps(answer, ensure_ascii=False))) <= {value}


def test_nothing_that_is_told_without_asking_holds_a_pseudonym(home: DemoHome) -> None:
    for arguments in (("metrics", "list", "--as", "manager_east"), ("metrics", "show", "visits", "--as", "manager_east"), ("policy", "explain", "--as", "rep_east_1", "--metric", "touches"), ("check",)):
        done = home.run(*arguments, "--json")
        assert not PSEUDONYM.search(done.stdout), arguments


def test_after_a_rotation_what_was_released_before_and_after_has_nothing_in_common(home: DemoHome) -> None:
    with opened(home) as service:
        before = told(service, ASKED, "performance_review")
        service.keys.rotate("release")
    with opened(home) as service:
        after = told(service, ASKED, "performance_review")
    assert sorted(row[1] for row in before) == sorted(row[1] for row in after)
    assert not {row[0][3:-1] for row in before} & {row[0][3:-1] for row in after}
    inside = b"".join(path.read_bytes() for path in Path(home.path).glob("*.duckdb"))
    assert not any(row[0].encode() in inside for row in (*before, *after))
