"""What becomes of a personal number that somebody types: nothing of it is in the ledger, in the conversations, or in what goes to a language model."""

from __future__ import annotations

import datetime as dt
import json
import random
import re
import sqlite3
from contextlib import closing

from tests.fixtures import hostile
from tests.fixtures.home import copied_home
from tests.fixtures.identifiers import FORMS, numbers, surviving
from wenshu.home import Home
from wenshu.service import Service
from wenshu.settings import Environment

CARRIERS = ("手机{}上个月触达次数", "{}的触达率，按大区", "reach rate of {} by region", "触达次数超过{}的大区")
SEEN = 3
"""Digits in a row that anything may share with a number: 前10名, a limit."""


def test_nothing_of_a_personal_number_reaches_the_ledger_the_conversations_or_a_model(demo_home, tmp_path):
    path = tmp_path / "home"
    copied_home(demo_home, path)
    chance = random.Random(20261123)
    asked = [(number, CARRIERS[turn % len(CARRIERS)].format(form(number))) for turn, (form, number) in enumerate(zip(FORMS.values(), numbers(chance, len(FORMS)), strict=True))]
    with hostile.hostile_server(hostile.says({"metrics": ["touches"]})) as server:
        limits = {"timeout_s": 60, "breaker": {"failures": 10_000}, "budget": {"user_calls": 10_000, "user_tokens": 10**9, "all_calls": 10_000}, "sure": 1}
        (path / "model.yaml").write_text(json.dumps({"endpoint": server.base, "model": "small"} | limits), encoding="utf-8")
        with Service.open(Home(path), Environment(home=path, pinned_today=dt.date(2026, 11, 15))) as service:
            officer = service.local_actor("compliance")
            before = {event["index"] for event in service.audit_events(officer, {}, None, 200)["events"]}
            for turn, (_, question) in enumerate(asked):
                service.ask(service.local_actor(("market", "manager_east", "medical")[turn % 3]), question, conversation=f"c{turn}")
            events = [event for event in service.audit_events(officer, {}, None, 200)["events"] if event["index"] not in before]
        sent = [body["messages"][-1]["content"] for body in server.bodies()]
    with closing(sqlite3.connect(path / "conversations.db")) as store:
        turns = store.execute("select question, query, act from turns").fetchall()
    kept = {str(line) for row in turns for line in row if line} | {str(event["detail"].get("question") or "") for event in events}
    kept |= {json.dumps(event["detail"].get("query"), ensure_ascii=False) for event in events if event["detail"].get("query")}
    assert turns
    assert any(kept)
    left = [(number, line) for number, _ in asked for line in kept if surviving(number, _undated(line)) > SEEN]
    assert left == []
    told = [(number, text) for number, _ in asked for text in sent if surviving(number, _undated(_question(text))) > SEEN]
    assert told == []


def _question(text: str) -> str:
    return str(json.loads(text).get("question", "")) if text.lstrip().startswith("{") else text


def _undated(text: str) -> str:
    """A text without the dates of a query's period."""
    return re.sub(r"\d{4}-\d\d-\d\d", "", text)
