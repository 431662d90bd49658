"""Conversations belong to one owner each, and workers may open the store together."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
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
    assert store.last_query("two", mine) is None
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
    assert store.last_query("one", mine) == {"metrics": ["touches"]}


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
