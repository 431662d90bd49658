"""Every surface gives no more than the table: two companies that differ only in hidden cells look the same wherever one looks.

In the second company a touch of a hidden group belongs to the other hidden group; every total, every count of doctors and every shown cell is as in the first. So whatever differs in what a user
receives is told by something other than the table: rows, chart, texts, order, suggestions, files, refusals, previews.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest
from flask.testing import FlaskClient

from governance.gateway import Ask
from governance.metrics.parsing import query_from_json
from tests.fixtures.home import TODAY, copied_home
from tests.soundness.attacks.player import MARKET, open_company
from tests.soundness.planted import plant
from wenshu.home import Home
from wenshu.service import Service
from wenshu.settings import Environment, now
from wenshu.web.app import create_app

PERIOD = {"start": "2026-01-01", "end": "2026-11-01"}
DELIVERED = "delivered and occurred_at >= timestamp '2026-01-01' and occurred_at < timestamp '2026-11-01'"


@dataclass
class World:
    """One company's service as a user meets it."""

    client: FlaskClient
    service: Service
    token: str

    def call(self, path: str, body: dict[str, Any] | None = None) -> tuple[int, str]:
        headers = {"Authorization": f"Bearer {self.token}", "Accept-Language": "zh"}
        found = self.client.post(path, json=body, headers=headers) if body is not None else self.client.get(path, headers=headers)
        return found.status_code, found.text


def _opened(home: Path) -> World:
    service = Service.open(Home(home), Environment(home=home, pinned_today=dt.date.fromisoformat(TODAY)))
    app = create_app(service, secret_key=b"k" * 32, secure_cookies=False, clock=now)
    return World(app.test_client(), service, service.accounts.token("market"))


@pytest.fixture(scope="module")
def worlds(demo_home, tmp_path_factory):
    folder = tmp_path_factory.mktemp("worlds")
    planted = plant(demo_home.path / "warehouse.duckdb", folder, dt.date.fromisoformat(TODAY))
    query = {"metrics": ["touches"], "group_by": ["specialty"], "period": PERIOD, "where": [{"dimension": "province", "op": "in", "values": [planted.province]}]}
    homes = []
    for name in ("one", "other"):
        copied_home(demo_home, folder / name)
        shutil.copyfile(planted.file, folder / name / "warehouse.duckdb")
        homes.append(folder / name)
    first = _opened(homes[0])
    table = json.loads(first.call("/api/v1/query", {"query": query})[1])
    hidden = [table["rows"][item["row"]][0] for item in table["suppressed"]]
    assert planted.specialty in hidden
    other = next(name for name in hidden if name != planted.specialty)
    with duckdb.connect(str(homes[1] / "warehouse.duckdb")) as store:
        of = "select hcp_key from dim_hcp where province = ? and specialty = ?"
        rich = store.execute(
            f"select hcp_key from fct_touch where {DELIVERED} and hcp_key in ({of}) group by 1 having count(*) > 2 order by count(*) desc, 1 limit 1", [planted.province, other]
        ).fetchone()
        rare = store.execute(f"{of} order by 1 limit 1", [planted.province, planted.specialty]).fetchone()
        assert rich is not None
        assert rare is not None
        store.execute(
            f"update fct_touch set hcp_key = ? where touch_id = (select touch_id from fct_touch where {DELIVERED} and hcp_key = ? order by touch_id limit 1)", [rare[0], rich[0]]
        )
    second = _opened(homes[1])
    try:
        yield first, second, query, planted
    finally:
        first.service.close()
        second.service.close()


def _bare(text: str) -> object:
    """Return an answer without what names the request or the moment."""
    try:
        found = json.loads(text)
    except ValueError:
        return text
    for name in ("receipt", "timings_ms"):
        found.pop(name, None)
    return found


def _same(worlds, path: str, body: dict[str, Any]) -> object:
    first, second, _, _ = worlds
    one, other = first.call(path, body), second.call(path, body)
    assert (one[0], _bare(one[1])) == (other[0], _bare(other[1]))
    return _bare(one[1])


def test_the_companies_differ_in_hidden_cells_only(worlds):
    first, second, query, planted = worlds
    tables = []
    for world in (first, second):
        found = open_company(world.service.home.warehouse, dt.date.fromisoformat(TODAY)).door().measure_unprotected(Ask(actor=MARKET, purpose=None, query=query_from_json(query)))
        tables.append({row[0]: row[-1] for row in found[1].rows})
    changed = {name for name in tables[0] if tables[0][name] != tables[1][name]}
    assert planted.specialty in changed
    assert len(changed) == 2
    assert sum(tables[0].values()) == sum(tables[1].values())


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"order": [{"by": "touches", "direction": "desc"}]},
        {"order": [{"by": "touches", "direction": "asc"}], "limit": 3},
        {"order": [{"by": "specialty", "direction": "asc"}]},
        {"having": [{"metric": "touches", "op": ">", "value": 1}]},
        {"having": [{"metric": "touches", "op": "<", "value": 10}]},
        {"share": True},
        {"compare": "previous_period"},
        {"compare": {"dimension": "specialty", "base": "全科"}},
        {"order": [{"by": "touches", "direction": "desc"}], "keep": [{"dimension": "specialty", "values": ["全科"]}]},
        {"metrics": ["touches", "reached_hcps", "touches_per_hcp"]},
        {"grain": "month"},
    ],
    ids=["plain", "largest", "smallest three", "by name", "above", "below", "share", "before", "against the hidden one", "its rank", "a rate beside", "by month"],
)
def test_rows_counts_order_chart_words_and_suggestions_of_an_answer_are_the_same(worlds, more):
    answer = _same(worlds, "/api/v1/query", {"query": worlds[2] | more})
    assert answer["status"] in {"answered", "refused"}


@pytest.mark.parametrize("op", ["in", "not_in"])
def test_a_refusal_of_the_hidden_group_says_the_same(worlds, op):
    # What is left without the group is refused because shares told the whole.
    _same(worlds, "/api/v1/query", {"query": worlds[2] | {"share": True}})
    query = {name: value for name, value in worlds[2].items() if name != "group_by"}
    query["where"] = [*query["where"], {"dimension": "specialty", "op": op, "values": [worlds[3].specialty]}]
    assert _same(worlds, "/api/v1/query", {"query": query})["status"] == "refused"


def test_a_file_holds_the_same(worlds):
    _same(worlds, "/api/v1/export", {"query": worlds[2]})


@pytest.mark.parametrize("words", ["今年1到10月{0}各科室的触达次数", "今年1到10月{0}全科的触达次数", "{0} touches by specialty this year"])
def test_a_question_in_words_is_answered_the_same(worlds, words):
    _same(worlds, "/api/v1/ask", {"question": words.format(worlds[3].province)})


def test_a_faulty_question_says_the_same(worlds):
    _same(worlds, "/api/v1/query", {"query": worlds[2] | {"having": [{"metric": "touches", "op": "~", "value": 1}]}})


def test_a_preview_says_the_same(worlds):
    first, second, query, _ = worlds
    actor = first.service.accounts.actor("market")
    assert first.service.dry_run_query(actor, query, purpose=None) == second.service.dry_run_query(actor, query, purpose=None)


def test_the_counters_of_the_service_hold_no_number_of_the_table(worlds):
    """The probe counts requests and answers by status and time, and is told nothing of a question."""
    text = worlds[0].call("/metrics")[1]
    labels = set(re.findall(r'(\w+)="', text))
    assert labels <= {"method", "route", "status", "le", "quantile", "code", "step", "version", "implementation", "major", "minor", "patchlevel", "generation"}
    assert not {worlds[3].province, worlds[3].specialty, "touches"} & set(re.findall(r'"([^"]*)"', text))

