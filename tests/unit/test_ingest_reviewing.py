"""The review queue: cases of the last load, decisions that stay, and nothing in the file that says who anybody is."""

from __future__ import annotations

import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from governance.errors import IngestError
from governance.ingest.reviewing import Reviews
from wenshu.stewardship import decide

NOW = datetime(2026, 11, 15, 9, tzinfo=UTC)


def _case(token: str, kind: str = "row", rows: int = 1) -> dict:
    return {"token": token, "kind": kind, "entity": "hcp", "source": "congress", "rows": rows, "record": "r0", "said": {"name": "张*"}, "candidates": [{"token": "r1", "likeness": 0.9, "agreement": {}, "said": {}}]}


@pytest.fixture
def reviews(tmp_path: Path):
    opened = Reviews(tmp_path / "linking.db")
    opened.replace([_case("aa11"), _case("ab22", rows=9), _case("cc33", "merged")], "load-1")
    yield opened
    opened.close()


def test_cases_with_most_rows_come_first_and_automatic_merges_apart(reviews: Reviews) -> None:
    assert [case["token"] for case in reviews.cases()] == ["ab22", "aa11"]
    assert [case["token"] for case in reviews.cases("merged")] == ["cc33"]


def test_a_decision_stands_through_loads_until_it_is_undone(reviews: Reviews) -> None:
    reviews.decide("aa11", "same", choice=1, by="engineer", at=NOW)
    reviews.replace([_case("dd44")], "load-2")
    assert reviews.standing()["aa11"].record == "r1"
    assert [case["token"] for case in reviews.cases("decided")] == ["aa11"]
    reviews.decide("aa11", "undo", choice=0, by="engineer", at=NOW)
    assert reviews.standing() == {}
    assert [item["verdict"] for item in reviews.history()] == ["undo", "same"]


def test_a_case_is_meant_by_the_beginning_that_only_it_has(reviews: Reviews) -> None:
    assert reviews.case("aa")["token"] == "aa11"
    with pytest.raises(IngestError, match="2 cases begin"):
        reviews.case("a")
    with pytest.raises(IngestError, match="no case"):
        reviews.case("%")


@pytest.mark.parametrize(("verdict", "choice", "message"), [("same", 2, "candidates 1 to 1"), ("undo", 0, "no decision to undo")])
def test_what_cannot_be_decided_is_said_and_changes_nothing(reviews: Reviews, verdict: str, choice: int, message: str) -> None:
    with pytest.raises(IngestError, match=message):
        reviews.decide("aa11", verdict, choice=choice, by="engineer", at=NOW)
    assert reviews.history() == []


def test_no_decision_without_the_ledger(reviews: Reviews) -> None:
    def unwritable(_event: object) -> None:
        raise OSError

    with pytest.raises(OSError):
        decide(reviews, unwritable, "aa11", "apart", choice=0, by="engineer")
    assert reviews.history() == []


def test_the_file_is_the_owners_alone(reviews: Reviews, tmp_path: Path) -> None:
    assert stat.S_IMODE((tmp_path / "linking.db").stat().st_mode) == 0o600
