"""Canaries: invented people planted in the extracts and named in questions, looked for after a day's use wherever the product writes.

Looked through: every file of the home but the vault (which is there to hold them, sealed) and the extracts themselves; every text of the warehouse and of every SQLite
store; the server's log; the answers, refusals and error pages; the exported ledger; what was written to the folder for temporary files.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import Request, urlopen

import duckdb
import pytest

from bench.leak_scan import forms, plant, words
from tests.fixtures.home import TODAY, DemoHome
from tests.fixtures.serving import serving

FORBIDDEN = tuple(words())


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> DemoHome:
    made = DemoHome(tmp_path_factory.mktemp("leaks") / "home", {})
    done = made.run("init", "--demo", "--seed", "41", "--scale", "0.02", "--today", TODAY)
    assert done.returncode == 0, done.stderr
    plant(made.path / "demo" / "extracts")
    return made


def _send(address: str, path: str, token: str, body: object = None) -> str:
    data = None if body is None else json.dumps(body).encode()
    request = Request(f"{address}{path}", data=data, headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"})
    try:
        with urlopen(request, timeout=60) as response:
            return response.read().decode()
    except HTTPError as error:
        return error.read().decode()


def _day(home: DemoHome, temporary: Path) -> list[str]:
    """A scripted day; everything that anybody was told. What echoes a caller's own words back to the caller isn't a leak and isn't kept."""
    told = []
    done = home.run("ingest", str(home.path / "demo" / "extracts"), "--write-links")
    assert done.returncode == 0, done.stderr
    told += [done.stdout, done.stderr]
    broken = temporary / "broken"
    shutil.copytree(home.path / "demo" / "extracts", broken)
    (broken / "crm_hcp.csv").write_text((broken / "crm_hcp.csv").read_text(encoding="utf-8").replace("mobile", "mobil", 1), encoding="utf-8")
    for arguments in (("ingest", str(broken)), ("ingest", str(home.path / "demo" / "extracts"), "--dry-run", "--json"), ("ingest", "review", "list", "--json"), ("ingest", "review", "list", "--state", "merged", "--json")):
        done = home.run(*arguments)
        told += [done.stdout, done.stderr]
    token = home.run("user", "token", "market", "--json").stdout
    secret = next(iter(value for key, value in json.loads(token).items() if "token" in key and isinstance(value, str)))
    with serving(home) as server:
        told.append(_send(server.address, "/api/v1/ask", secret, {"question": "上个月各大区的触达率"}))
        told.append(_send(server.address, "/api/v1/metrics", secret))
        for word in FORBIDDEN:
            _send(server.address, "/api/v1/ask", secret, {"question": f"{word}上个月触达了几次"})
            _send(server.address, "/api/v1/query", secret, {"query": {"metrics": ["reach_rate"], "where": [{"dimension": "region", "op": "in", "values": [word]}]}})
            _send(server.address, f"/nothing/{quote(word)}", secret)
            _send(server.address, f"/api/v1/audit/events?actor={quote(word)}", secret)
        told.append(server.stop()[1])
    for arguments in (("audit", "search", "--json"), ("audit", "verify", "--json"), ("audit", "export", "--out", str(temporary / "export")), ("check", "--json")):
        done = home.run(*arguments)
        told += [done.stdout, done.stderr]
    shutil.rmtree(broken)
    return told


def _texts_of_stores(folder: Path) -> Iterator[tuple[str, str]]:
    for path in folder.rglob("*.db"):
        if path.name.startswith("vault"):
            continue
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
            for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
                for row in connection.execute(f'SELECT * FROM "{table}"'):
                    yield f"{path.name}.{table}", repr(row)
    with duckdb.connect(str(folder / "warehouse.duckdb"), read_only=True) as connection:
        for (table,) in connection.execute("SELECT table_name FROM information_schema.tables").fetchall():
            for row in connection.execute(f'SELECT * FROM "{table}"').fetchall():
                yield f"warehouse.{table}", repr(row)


def _leaks(text: str) -> list[str]:
    return [word for word in FORBIDDEN if word in text]


def test_no_planted_person_is_found_anywhere_after_a_days_use(home: DemoHome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    told = _day(home, temporary)
    assert [word for text in told for word in _leaks(text)] == []
    assert {where for where, text in _texts_of_stores(home.path) if _leaks(text)} == set()
    files = [path for folder in (home.path, temporary) for path in folder.rglob("*") if path.is_file()]
    looked = 0
    for path in files:
        if "demo" in path.relative_to(home.path if path.is_relative_to(home.path) else temporary).parts[:1]:
            continue
        raw = path.read_bytes()
        looked += 1
        for number, word in enumerate(FORBIDDEN):
            for form in forms(word):
                assert form not in raw, f"{path.name} holds the planted word {number}"
        assert not _leaks(path.name)
    assert looked > 10
    # The day was no empty one: both people were linked, under pseudonyms.
    links = next(home.path.glob("ingest/*/links.csv")).parent.parent
    assert any((folder / "links.csv").read_text(encoding="utf-8").count("crm_hcp.csv") for folder in links.iterdir() if (folder / "links.csv").exists())
