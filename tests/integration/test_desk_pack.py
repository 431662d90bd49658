"""Evidence packs: complete by a checker that runs alone, and any event left out, altered or disguised is noticed."""

from __future__ import annotations

import datetime as dt
import json
import shutil
import subprocess
import sys
import zipfile
from io import BytesIO

import pytest

from audit.errors import ExportError
from audit.pruning import prune
from governance.documents.review import ReviewDocument, SecondOfficer
from governance.errors import InvalidQuery
from tests.fixtures.desks import OFFICER, make_bench
from wenshu.desk.second import SecondOfficerNeeded


@pytest.fixture
def bench(tmp_path):
    bench = make_bench(tmp_path / "desk")
    for day in (3, 4, 5):
        bench.clock.at(dt.date(2026, 11, day))
        bench.ask(case="C-7", metrics=("reach_rate", "nps"))
        bench.ask("medical", role="medical", department="medical")
        bench.ask(outcome="refused", code="row_scope", rule="own_region")
    return bench


def check(folder, *more: str):
    """Run the pack's own checker with the standard library alone: isolated, without our code on the path."""
    return subprocess.run([sys.executable, "-I", "-S", str(folder / "verify.py"), str(folder), *more], capture_output=True, text=True, check=False, cwd=folder.parent)


FILTERS = [{}, {"case": "C-7"}, {"actor": "medical"}, {"metric": "nps"}, {"since": "2026-11-04", "until": "2026-11-04"}, {"outcome": "refused", "rule": "own_region", "since": "2026-11-04"}, {"actor": "nobody"}]


@pytest.mark.parametrize("filters", FILTERS, ids=str)
def test_a_pack_holds_what_the_search_finds_and_its_checker_says_complete(bench, tmp_path, filters):
    wanted = {event.index for event in bench.desk.door.reader.search(bench.desk.looking.filter(filters), limit=1000).events}
    made = bench.desk.packs.make(OFFICER, filters, tmp_path / "pack")
    lines = [json.loads(line) for line in (tmp_path / "pack/events.jsonl").read_bytes().splitlines()]
    later = {item["index"] for item in lines if item["type"].startswith("ledger.")}
    assert {item["index"] for item in lines} - later == wanted
    assert made.matched == len(lines) - 1
    done = check(tmp_path / "pack", bench.ledger.vkey)
    assert (done.returncode, done.stdout.startswith("complete:")) == (0, True), done.stdout + done.stderr
    for name in ("report.zh.html", "report.en.html"):
        assert str(made.matched) in (tmp_path / "pack" / name).read_text(encoding="utf-8")
    for name in ("report.zh.pdf", "report.en.pdf"):
        assert (tmp_path / "pack" / name).read_bytes().startswith(b"%PDF-")
    assert list((tmp_path / "pack/policies").glob("*/bundle.yaml"))


def test_one_file_checks_a_pack_and_needs_nothing_beside_it(made_pack, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    alone = shutil.copyfile(made_pack / "verify.py", tmp_path / "elsewhere/verify.py")
    assert [path.name for path in made_pack.glob("*.py")] == ["verify.py"]
    done = subprocess.run([sys.executable, "-I", "-S", str(alone), str(made_pack), str(made_pack / "vkey")], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (done.returncode, done.stdout[:9]) == (0, "complete:"), done.stdout + done.stderr


def test_a_pack_over_a_pruned_ledger_leaves_no_newer_event_out_and_proves_the_pruning(bench, tmp_path):
    bench.clock.at(dt.date(2032, 1, 5))
    bench.ask(case="C-8")
    prune(bench.ledger, bench.desk.door.path, actor="compliance", now=bench.clock(), keep_days=1200)
    last = bench.ask(case="C-8")
    made = bench.desk.packs.make(OFFICER, {"case": "C-8"}, tmp_path / "pack")
    assert made.matched == 4
    assert last in (tmp_path / "pack/events.jsonl").read_text(encoding="utf-8")
    done = check(tmp_path / "pack", bench.ledger.vkey)
    assert (done.returncode, "(18 pruned)" in done.stdout) == (0, True), done.stdout + done.stderr
    edit_lines(tmp_path / "pack/prunings.jsonl", lambda lines: lines[1:])
    done = check(tmp_path / "pack", bench.ledger.vkey)
    assert (done.returncode, "no record says" in done.stdout) == (1, True), done.stdout + done.stderr


def edit_lines(path, change):
    path.write_bytes(b"".join(line + b"\n" for line in change(path.read_bytes().splitlines())))


def disguise(folder):
    """Leave a matching event out and say of it that somebody else did it."""
    lines = (folder / "events.jsonl").read_bytes().splitlines()
    gone = json.loads(lines[0])["index"]
    edit_lines(folder / "events.jsonl", lambda _: lines[1:])
    facet = json.dumps({"actor": "nobody", "index": gone}, separators=(",", ":")).encode()
    edit_lines(folder / "facets.jsonl", lambda old: sorted([*old, facet], key=lambda line: json.loads(line)["index"]))


ATTACKS = {
    "left_out": lambda folder: edit_lines(folder / "events.jsonl", lambda lines: lines[1:]),
    "altered": lambda folder: edit_lines(folder / "events.jsonl", lambda lines: [lines[0].replace(b"reach_rate", b"reach_rats"), *lines[1:]]),
    "disguised": disguise,
    "facet_dropped": lambda folder: edit_lines(folder / "facets.jsonl", lambda lines: lines[:-1]),
    "leaf_swapped": lambda folder: edit_lines(folder / "leaves", lambda lines: [lines[1], lines[0], *lines[2:]]),
    "cut_tail": lambda folder: edit_lines(folder / "leaves", lambda lines: lines[:-1]),
    "twice": lambda folder: edit_lines(folder / "events.jsonl", lambda lines: [lines[0], *lines]),
    "filter_changed": lambda folder: (folder / "pack.json").write_text((folder / "pack.json").read_text().replace('"market"', '"medical"')),
    "size_changed": lambda folder: (folder / "pack.json").write_text((folder / "pack.json").read_text().replace('"size": ', '"size": 1')),
    "checkpoint_changed": lambda folder: (folder / "checkpoint").write_bytes((folder / "checkpoint").read_bytes().replace(b"test.example", b"tost.example")),
}


@pytest.fixture(scope="module")
def made_pack(tmp_path_factory):
    folder = tmp_path_factory.mktemp("packs")
    bench = make_bench(folder / "desk")
    for _ in range(3):
        bench.ask()
        bench.ask("medical")
    bench.desk.packs.make(OFFICER, {"actor": "market"}, folder / "pack")
    return folder / "pack"


@pytest.mark.parametrize("attack", ATTACKS)
def test_whatever_is_done_to_a_pack_is_noticed(made_pack, tmp_path, attack):
    shutil.copytree(made_pack, tmp_path / "pack")
    ATTACKS[attack](tmp_path / "pack")
    done = check(tmp_path / "pack", (made_pack / "vkey").read_text().strip())
    assert (done.returncode, "DOES NOT HOLD" in done.stdout) == (1, True), done.stdout + done.stderr


def test_a_pack_is_committed_to_in_the_ledger_and_made_whole_or_not_at_all(bench, tmp_path):
    made = bench.desk.packs.make(OFFICER, {"actor": "market"}, tmp_path / "pack")
    body = bench.desk.door.reader.event(made.event).body
    assert (body["type"], body["detail"]["events"], body["detail"]["filters"]) == ("ledger.pack", made.matched, {"actor": "market"})
    before = bench.desk.door.reader.count()
    for filters, out, error in (({"text": "x"}, "new", InvalidQuery), ({"actor": "market"}, "pack", ExportError)):
        with pytest.raises(error):
            bench.desk.packs.make(OFFICER, filters, tmp_path / out)
    assert not (tmp_path / "new").exists()
    assert bench.desk.door.reader.count() == before


def test_a_pack_with_events_that_two_must_open_is_not_made_by_one(tmp_path):
    bench = make_bench(tmp_path / "desk", review=ReviewDocument(second_officer=SecondOfficer(types=("identity.revealed",))))
    bench.note("identity.revealed", person="H1-X")
    with pytest.raises(SecondOfficerNeeded):
        bench.desk.packs.make(OFFICER, {}, tmp_path / "pack")
    assert not (tmp_path / "pack").exists()


def test_a_pack_from_the_page_is_one_zip_file(bench):
    names = zipfile.ZipFile(BytesIO(bench.desk.packs.zipped(OFFICER, {"case": "C-7"}))).namelist()
    assert {"wenshu-evidence/verify.py", "wenshu-evidence/report.zh.pdf", "wenshu-evidence/facets.jsonl"} <= set(names)
