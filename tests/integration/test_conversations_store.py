"""Conversations belong to one owner each, and workers may open the store together."""

from __future__ import annotations

import datetime as dt
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from wenshu.conversations import Conversations, Turn, UnknownConversation

NOW = dt.datetime(2026, 11, 15, tzinfo=dt.UTC)


def turn(question: str) -> Turn:
    return Turn(question=question, query={"metrics": ["touches"]}, answer={"status": "answered"}, asked_at=NOW.isoformat())


def test_a_conversation_is_never_read_listed_or_added_to_by_another_user(tmp_path):
    store = Conversations.open(tmp_path / "c.db", lambda: NOW)
    mine = store.start()
    store.add("one", mine, turn("first"))
    assert [item["id"] for item in store.list("one")] == [mine]
    assert store.list("two") == []
    assert store.in_force("two", mine) == ()
    with pytest.raises(UnknownConversation):
        store.get("two", mine)
    # The same id of another user is another conversation: it neither adds to the first one nor tells that there is one.
    store.add("two", mine, turn("second"))
    assert [item.question for item in store.get("one", mine)] == ["first"]
    assert [item.question for item in store.get("two", mine)] == ["second"]


def test_the_last_query_is_what_a_follow_up_changes(tmp_path):
    store = Conversations.open(tmp_path / "c.db", lambda: NOW)
    mine = store.start()
    store.add("one", mine, turn("first"))
    store.add("one", mine, Turn(question="?", query=None, answer={"status": "not_understood"}, asked_at=NOW.isoformat()))
    assert store.in_force("one", mine)[-1] == {"metrics": ["touches"]}


def test_a_step_taken_back_leaves_the_query_before_it_in_force(tmp_path):
    store = Conversations.open(tmp_path / "c.db", lambda: NOW)
    mine = store.start()

    def add(act, query):
        store.add("one", mine, Turn(question="?", query=query, answer={}, asked_at=NOW.isoformat(), act=act))

    first, second = {"metrics": ["touches"]}, {"metrics": ["visits"]}
    add(None, first)
    add(None, second)
    add("explain", second)
    assert store.in_force("one", mine) == (first, second)
    add("undo", first)
    assert store.in_force("one", mine) == (first,)
    add("reset", None)
    assert store.in_force("one", mine) == ()


def test_a_store_of_an_earlier_release_is_grown_and_keeps_its_turns(tmp_path):
    path = tmp_path / "c.db"
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE turns (id INTEGER PRIMARY KEY AUTOINCREMENT, conversation VARCHAR(64) NOT NULL, owner VARCHAR(64) NOT NULL,"
                   " asked_at VARCHAR(32) NOT NULL, question TEXT NOT NULL, query TEXT, answer TEXT NOT NULL)")
        db.execute("INSERT INTO turns (conversation, owner, asked_at, question, query, answer) VALUES ('c', 'one', '2026-01-01', '?', '{\"metrics\": [\"touches\"]}', '{}')")
        db.commit()
    store = Conversations.open(path, lambda: NOW)
    assert store.in_force("one", "c") == ({"metrics": ["touches"]},)
    assert [turn.act for turn in store.get("one", "c")] == [None]


def test_several_workers_may_make_the_store_at_once(tmp_path):
    code = (
        "import datetime as dt, sys; from pathlib import Path; from wenshu.conversations import Conversations;"
        "Conversations.open(Path(sys.argv[1]), lambda: dt.datetime.now(dt.UTC))"
    )
    root = Path(__file__).parents[2]
    workers = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "c.db")], cwd=root, stderr=subprocess.PIPE) for _ in range(6)
    ]
    for worker in workers:
        _, told = worker.communicate(timeout=60)
        assert worker.returncode == 0, told.decode()[-500:]


def test_what_was_asked_back_waits_while_turns_are_lost_and_no_longer(tmp_path):
    store = Conversations.open(tmp_path / "c.db", lambda: NOW)
    mine = store.start()
    option = {"metrics": ["reached_hcps"]}

    def add(answer):
        store.add("one", mine, Turn(question="?", query=None, answer=answer, asked_at=NOW.isoformat()))

    add({"status": "clarify", "clarify": {"ask": "?", "options": [{"label": "a", "query": option}]}})
    assert store.offered("one", mine) == (option,)
    add({"status": "not_understood"})
    assert store.offered("one", mine) == (option,)
    assert store.offered("two", mine) == ()
    add({"status": "refused"})
    assert store.offered("one", mine) == ()


def test_the_rows_that_were_shown_are_those_of_that_query_and_that_owner(tmp_path):
    store = Conversations.open(tmp_path / "c.db", lambda: NOW)
    mine = store.start()
    first, second = {"metrics": ["touches"]}, {"metrics": ["visits"]}
    columns = [{"name": "region"}, {"name": "touches"}]
    store.add("one", mine, Turn(question="?", query=first, answer={"status": "answered", "columns": columns, "rows": [["华东", 3.0], ["华南", None]]}, asked_at=NOW.isoformat()))
    store.add("one", mine, Turn(question="?", query=second, answer={"status": "refused"}, asked_at=NOW.isoformat()))
    assert store.shown("one", mine, first) == [{"region": "华东", "touches": 3.0}, {"region": "华南", "touches": None}]
    assert store.shown("one", mine, second) == []
    assert store.shown("two", mine, first) == []
