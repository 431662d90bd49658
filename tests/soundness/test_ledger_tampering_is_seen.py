"""The tamper matrix: whatever is done to the file of an honest ledger is found, told apart and placed."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit import AuditUnavailable, Ledger
from audit.canonical import dumps
from audit.export import export
from audit.merkle import CompactRange, leaf_hash, node_id
from audit.notes import Checkpoint, Signer
from audit.search import Filter, Reader
from audit.verify import verify
from tests.fixtures.ledgers import ORIGIN, Home, filled_home, intent, outcome

QUESTIONS = 10
SIZE = 1 + 2 * QUESTIONS
BAD = 7


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return filled_home(tmp_path_factory.mktemp("honest") / "home", QUESTIONS)


@pytest.fixture
def home(honest: Home, tmp_path: Path) -> Home:
    return honest.copy(tmp_path / "home")


def kinds(home: Home) -> set[str]:
    report = home.verify()
    assert report.verdict == "tampered", report
    return {problem.kind for problem in report.problems}


def body(connection: sqlite3.Connection, number: int) -> dict[str, object]:
    return json.loads(connection.execute("SELECT body FROM entry WHERE idx = ?", (number,)).fetchone()[0])


def put(connection: sqlite3.Connection, number: int, line: bytes, *, leaf: bool = True) -> None:
    connection.execute("UPDATE entry SET body = ? WHERE idx = ?", (line.decode(), number))
    if leaf:
        connection.execute("UPDATE entry SET leaf = ? WHERE idx = ?", (leaf_hash(line), number))


def altered(connection: sqlite3.Connection, number: int) -> bytes:
    return dumps({**body(connection, number), "actor": "somebody_else"})


def rebuild(connection: sqlite3.Connection) -> CompactRange:
    """Recompute leaves and nodes from the bodies, as a careful forger would."""
    tree = CompactRange()
    connection.execute("DELETE FROM node")
    for number, line in connection.execute("SELECT idx, CAST(body AS BLOB) FROM entry ORDER BY idx").fetchall():
        leaf = leaf_hash(line)
        connection.execute("UPDATE entry SET leaf = ? WHERE idx = ?", (leaf, number))
        for node in tree.append(leaf):
            connection.execute("INSERT INTO node VALUES (?, ?)", (node_id(node.level, node.position), node.hash))
    return tree


def sign_head(connection: sqlite3.Connection, tree: CompactRange, signer: Signer) -> str:
    note = signer.sign(Checkpoint(origin=ORIGIN, size=tree.size, root=tree.root()).text())
    connection.execute("UPDATE head SET size = ?, note = ?", (tree.size, note))
    connection.execute("DELETE FROM checkpoint")
    return note


def test_an_honest_ledger_is_intact(home):
    report = home.verify()
    assert report.ok, report
    assert report.entries == report.size == report.outside == SIZE
    assert report.findings == ()


def test_a_changed_letter_is_placed_exactly(home):
    home.tamper(lambda c: put(c, BAD, altered(c, BAD), leaf=False))
    report = home.verify()
    assert report.first_bad == BAD
    assert ("changed", BAD) in {(p.kind, p.first) for p in report.problems}


def test_a_change_with_its_leaf_hash_is_placed(home):
    home.tamper(lambda c: put(c, BAD, altered(c, BAD)))
    report = home.verify()
    assert report.first_bad == BAD
    assert "changed" in {p.kind for p in report.problems}


def test_a_change_with_index_and_leaf_is_placed_within_its_pair(home):
    def work(c):
        put(c, BAD, altered(c, BAD))
        c.execute("UPDATE event_index SET actor = 'somebody_else' WHERE idx = ?", (BAD,))

    home.tamper(work)
    (problem,) = home.verify().problems
    assert (problem.kind, problem.first, problem.last) == ("changed", BAD - 1, BAD)


def test_a_change_with_a_rebuilt_tree_does_not_hash_to_the_signed_root(home):
    def work(c):
        put(c, BAD, altered(c, BAD))
        c.execute("UPDATE event_index SET actor = 'somebody_else' WHERE idx = ?", (BAD,))
        rebuild(c)

    home.tamper(work)
    (problem,) = home.verify().problems
    assert problem.kind == "changed"
    assert problem.first <= BAD <= problem.last


def test_a_deleted_entry_is_placed(home):
    home.tamper(lambda c: c.execute("DELETE FROM entry WHERE idx = ?", (BAD,)))
    report = home.verify()
    assert ("missing", BAD, BAD) in {(p.kind, p.first, p.last) for p in report.problems}
    assert report.first_bad == BAD


def test_a_deleted_entry_whose_gap_was_closed_is_placed(home):
    def work(c):
        for table in ("entry", "event_index"):
            c.execute(f"DELETE FROM {table} WHERE idx = ?", (BAD,))
            for number in range(BAD + 1, SIZE):
                c.execute(f"UPDATE {table} SET idx = idx - 1 WHERE idx = ?", (number,))

    home.tamper(work)
    report = home.verify()
    assert ("missing", BAD, BAD) in {(p.kind, p.first, p.last) for p in report.problems}
    assert report.first_bad == BAD
    assert "cut_off" not in {p.kind for p in report.problems}


def test_an_inserted_entry_is_placed(home):
    def work(c):
        forged = altered(c, BAD)
        for number in reversed(range(BAD, SIZE)):
            c.execute("UPDATE entry SET idx = idx + 1 WHERE idx = ?", (number,))
        c.execute("INSERT INTO entry VALUES (?, ?, ?)", (BAD, leaf_hash(forged), forged.decode()))

    home.tamper(work)
    report = home.verify()
    assert "inserted" in {p.kind for p in report.problems}
    assert report.first_bad == BAD


def test_entries_exchanged_are_seen_as_reordered(home):
    def work(c):
        one, two = (c.execute("SELECT leaf, body FROM entry WHERE idx = ?", (n,)).fetchone() for n in (BAD, BAD + 4))
        for number, row in ((BAD, two), (BAD + 4, one)):
            c.execute("UPDATE entry SET leaf = ?, body = ? WHERE idx = ?", (*row, number))

    home.tamper(work)
    report = home.verify()
    assert "reordered" in {p.kind for p in report.problems}
    assert report.first_bad == BAD


def test_only_the_bodies_exchanged_are_seen_as_reordered(home):
    def work(c):
        one, two = (c.execute("SELECT body FROM entry WHERE idx = ?", (n,)).fetchone()[0] for n in (BAD, BAD + 4))
        c.execute("UPDATE entry SET body = ? WHERE idx = ?", (two, BAD))
        c.execute("UPDATE entry SET body = ? WHERE idx = ?", (one, BAD + 4))

    home.tamper(work)
    assert "reordered" in kinds(home)


def cut(connection: sqlite3.Connection, size: int) -> None:
    for table in ("entry", "event_index"):
        connection.execute(f"DELETE FROM {table} WHERE idx >= ?", (size,))


def test_a_cut_tail_is_seen(home):
    home.tamper(lambda c: cut(c, SIZE - 3))
    report = home.verify()
    assert ("cut_off", SIZE - 3, SIZE - 1) in {(p.kind, p.first, p.last) for p in report.problems}


def test_a_tail_cut_with_everything_belonging_to_it_is_seen_from_outside(home, tmp_path):
    """An old backup is wholly consistent in itself; only the checkpoint outside knows better."""
    with home.open() as ledger:
        old = home.copy(tmp_path / "old")
        ledger.append(intent("later"))
        ledger.append(outcome("later"))
    shutil.copyfile(old.path, home.path)
    for suffix in ("-wal", "-shm"):
        home.path.with_name(home.path.name + suffix).unlink(missing_ok=True)
    report = home.verify()
    (problem,) = report.problems
    assert (problem.kind, problem.first, problem.last) == ("rolled_back", SIZE, SIZE + 1)


def test_all_entries_deleted_is_seen(home):
    home.tamper(lambda c: cut(c, 0))
    report = home.verify()
    assert ("cut_off", 0, SIZE - 1) in {(p.kind, p.first, p.last) for p in report.problems}


def test_all_rows_deleted_is_seen(home):
    def work(c):
        cut(c, 0)
        c.execute("DELETE FROM node")
        c.execute("DELETE FROM head")
        c.execute("DELETE FROM checkpoint")

    home.tamper(work)
    assert {"bad_signature", "rolled_back"} <= kinds(home)


def test_entries_after_the_signed_head_are_seen(home):
    def work(c):
        line = dumps({**body(c, SIZE - 1), "index": SIZE})
        c.execute("INSERT INTO entry VALUES (?, ?, ?)", (SIZE, leaf_hash(line), line.decode()))

    home.tamper(work)
    report = home.verify()
    assert ("unsigned", SIZE) in {(p.kind, p.first) for p in report.problems}


def test_a_history_signed_anew_by_another_key_is_seen(home):
    stranger = Signer(ORIGIN, Ed25519PrivateKey.generate())

    def work(c):
        put(c, BAD, altered(c, BAD))
        sign_head(c, rebuild(c), stranger)

    home.tamper(work)
    assert "bad_signature" in kinds(home)


def test_a_history_signed_anew_by_the_ledgers_own_key_is_seen_from_outside(home):
    def work(c):
        put(c, BAD, altered(c, BAD))
        c.execute("UPDATE event_index SET actor = 'somebody_else' WHERE idx = ?", (BAD,))
        sign_head(c, rebuild(c), home.key)

    home.tamper(work)
    (problem,) = home.verify().problems
    assert problem.kind == "forked"


def test_a_longer_history_signed_anew_is_still_a_fork(home):
    old = home.checkpoint.read_text()

    def work(c):
        put(c, BAD, altered(c, BAD))
        sign_head(c, rebuild(c), home.key)
        c.execute("UPDATE event_index SET actor = 'somebody_else' WHERE idx = ?", (BAD,))

    home.tamper(work)
    home.checkpoint.unlink()
    with closing(sqlite3.connect(home.path)) as connection:
        home.checkpoint.write_text(connection.execute("SELECT note FROM head").fetchone()[0])
    with home.open() as ledger:
        ledger.append(intent("later"))
        ledger.append(outcome("later"))
    assert home.verify().ok, "the forger holds the key and replaced every checkpoint"
    report = home.verify(known=[old])
    assert {p.kind for p in report.problems} == {"forked"}, "a receipt kept elsewhere still proves it"


def test_a_spoilt_signature_is_seen(home):
    def work(c):
        note = c.execute("SELECT note FROM head").fetchone()[0]
        at = len(note) - 20
        c.execute("UPDATE head SET note = ?", (note[:at] + ("A" if note[at] != "A" else "B") + note[at + 1 :],))

    home.tamper(work)
    assert kinds(home) == {"bad_signature"}


def test_an_edited_search_index_is_seen(home):
    home.tamper(lambda c: c.execute("UPDATE event_index SET outcome = 'refused' WHERE idx = ?", (BAD + 1,)))
    (problem,) = home.verify().problems
    assert (problem.kind, problem.first) == ("index_edited", BAD + 1)


@pytest.mark.parametrize(
    "column", ["id", "time", "day", "type", "request", "role", "department", "purpose", "decision", "code", "rule", '"case"', "classes", "surface", "session", "question"]
)
def test_every_column_of_the_search_index_is_held_against_the_entries(home, column):
    home.tamper(lambda c: c.execute(f"UPDATE event_index SET {column} = 'x' WHERE idx = ?", (BAD,)))
    assert kinds(home) == {"index_edited"}


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM event_index WHERE idx = 7",
        "INSERT INTO event_index (idx, id, time, day, type, actor) VALUES (99, 'x', 'x', 'x', 'x', 'x')",
        "UPDATE event_index SET metrics = '[\"spend\"]' WHERE idx = 7",
        "UPDATE event_index SET metrics = NULL WHERE idx = 7",
        # What follows the list in the line moved into the list's column: put together, the line would be the same byte for byte.
        """UPDATE event_index SET metrics = metrics || ',"outcome":"' || outcome || '"', outcome = NULL WHERE idx = 8""",
    ],
)
def test_rows_taken_from_or_added_to_the_search_index_are_seen(home, statement):
    home.tamper(lambda c: c.execute(statement))
    assert kinds(home) == {"index_edited"}


def test_a_search_index_cut_off_at_its_end_is_told_and_hides_nothing(home):
    before = Reader(home.path).search(limit=100).events
    home.tamper(lambda c: c.execute("DELETE FROM event_index WHERE idx >= 15"))
    report = home.verify()
    assert (report.ok, report.behind) == (True, SIZE - 15)
    assert Reader(home.path).search(limit=100).events == before
    assert Reader(home.path).count(Filter(actor=("market",))) == SIZE - 1


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE node SET hash = zeroblob(32) WHERE id = 3",
        "DELETE FROM node WHERE id = 3",
        "DELETE FROM node",
        "INSERT INTO node VALUES (1000, zeroblob(32))",
        "UPDATE entry SET leaf = zeroblob(32) WHERE idx = 7",
    ],
)
def test_an_edited_stored_tree_is_told_from_edited_entries(home, statement):
    home.tamper(lambda c: c.execute(statement))
    assert kinds(home) == {"tree_changed"}


def test_removed_protections_are_seen(home):
    with closing(sqlite3.connect(home.path, isolation_level=None)) as connection:
        connection.execute("DROP TRIGGER entry_never_changed")
    assert kinds(home) == {"schema_changed"}


def test_a_view_that_lies_is_seen(home):
    with closing(sqlite3.connect(home.path, isolation_level=None)) as connection:
        connection.execute("DROP VIEW fct_access")
        connection.execute("CREATE VIEW fct_access AS SELECT day FROM event_index WHERE 0")
    assert kinds(home) == {"schema_changed"}


def test_a_missing_outside_checkpoint_is_no_clean_bill(home):
    home.checkpoint.unlink()
    assert kinds(home) == {"no_checkpoint"}


def test_a_spoilt_outside_checkpoint_is_seen(home):
    home.checkpoint.write_text(home.checkpoint.read_text().replace(str(SIZE), str(SIZE - 1)))
    assert kinds(home) == {"bad_signature"}


def test_a_missing_file_is_not_called_tampering(home):
    home.path.unlink()
    report = home.verify()
    assert report.verdict == "unavailable"
    assert not report.ok


def test_a_file_overwritten_with_noise_is_damaged(home):
    home.path.write_bytes(b"\x00" * 4096)
    assert kinds(home) == {"damaged"} or "schema_changed" in kinds(home)


def test_another_ledgers_database_is_seen(home, tmp_path):
    other = filled_home(tmp_path / "other", 2)
    shutil.copyfile(other.path, home.path)
    assert {"bad_signature", "wrong_ledger"} <= kinds(home)


def test_an_intent_without_outcome_is_a_finding_and_no_tampering(home):
    with home.open() as ledger:
        receipt = ledger.append(intent("never answered"))
    report = home.verify()
    assert report.ok
    (finding,) = report.findings
    assert (finding.kind, finding.index, finding.event) == ("orphan_intent", receipt.index, receipt.event)


# The same ledger refuses to be written on.


def refused(home: Home) -> str:
    with pytest.raises(AuditUnavailable) as error:
        home.open()
    return error.value.reason


def test_a_cut_ledger_is_not_written_on(home):
    home.tamper(lambda c: cut(c, SIZE - 3))
    assert refused(home) == "corrupt"


def test_a_rolled_back_ledger_is_not_written_on(home, tmp_path):
    old = home.copy(tmp_path / "old")
    with home.open() as ledger:
        ledger.append(intent("later"))
    shutil.copyfile(old.path, home.path)
    assert refused(home) == "behind"


def test_a_ledger_rolled_back_under_a_running_process_is_not_written_on(home, tmp_path):
    old = home.copy(tmp_path / "old")
    with home.open() as ledger:
        ledger.append(intent("later"))
        for suffix in ("", "-wal", "-shm"):
            home.path.with_name(home.path.name + suffix).unlink(missing_ok=True)
        shutil.copyfile(old.path, home.path)
        shutil.copyfile(old.checkpoint, home.checkpoint)
        for _ in range(2):
            with pytest.raises(AuditUnavailable) as error:
                ledger.append(intent("last"))
        assert error.value.reason == "behind"


def test_a_forked_ledger_is_not_written_on(home):
    def work(c):
        put(c, 2, altered(c, 2))
        sign_head(c, rebuild(c), home.key)

    home.tamper(work)
    assert refused(home) == "forked"


def test_a_ledger_with_a_changed_last_entry_is_not_written_on(home):
    home.tamper(lambda c: put(c, SIZE - 1, altered(c, SIZE - 1)))
    assert refused(home) == "corrupt"


def test_a_ledger_without_its_outside_checkpoint_is_not_written_on(home):
    home.checkpoint.unlink()
    assert refused(home) == "no_checkpoint"


def test_any_earlier_checkpoint_put_back_mends_a_lost_one(home):
    note = home.checkpoint.read_text()
    with home.open() as ledger:
        ledger.append(intent("later"))
    home.checkpoint.write_text(note)
    with home.open() as ledger:
        assert ledger.append(outcome("later")).index == SIZE + 1
    assert home.verify().ok


def test_a_ledger_with_a_spoilt_outside_checkpoint_is_not_written_on(home):
    home.checkpoint.write_text("")
    assert refused(home) == "bad_checkpoint"


def test_a_deleted_ledger_is_not_begun_anew(home):
    home.path.unlink()
    assert refused(home) == "missing"
    with pytest.raises(AuditUnavailable) as error:
        home.open(create=True)
    assert error.value.reason in {"missing", "behind"}
    assert not home.path.exists()


def test_another_key_is_not_written_with(home):
    other = Signer(ORIGIN, Ed25519PrivateKey.generate())
    with pytest.raises(AuditUnavailable) as error:
        home.open(key=other)
    assert error.value.reason == "bad_checkpoint"


def test_another_time_zone_is_not_written_with(home):
    with pytest.raises(AuditUnavailable) as error:
        home.open(timezone="Europe/Berlin")
    assert error.value.reason == "wrong_ledger"


def test_refusing_changes_nothing(home):
    home.tamper(lambda c: put(c, SIZE - 1, altered(c, SIZE - 1)))
    before = home.path.read_bytes(), home.checkpoint.read_bytes()
    refused(home)
    assert (home.path.read_bytes(), home.checkpoint.read_bytes()) == before


# The database itself resists mistakes and careless programs.


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entry SET body = 'x' WHERE idx = 1",
        "DELETE FROM entry WHERE idx = 1",
        "DELETE FROM entry",
        "INSERT INTO entry VALUES (1000, zeroblob(32), 'x')",
        "INSERT OR REPLACE INTO entry VALUES (1, zeroblob(32), 'x')",
        "UPDATE node SET hash = zeroblob(32)",
        "DELETE FROM node",
        "INSERT OR REPLACE INTO node VALUES (1, zeroblob(32))",
        "UPDATE checkpoint SET note = 'x'",
        "DELETE FROM checkpoint",
        "INSERT OR REPLACE INTO checkpoint VALUES (1, 'x')",
        "UPDATE event_index SET actor = 'x'",
        "DELETE FROM event_index",
        "INSERT OR REPLACE INTO event_index SELECT * FROM event_index WHERE idx = 1",
        "DELETE FROM head",
        "UPDATE head SET size = size - 1",
        "UPDATE head SET note = 'x'",
        "INSERT OR REPLACE INTO head VALUES (1, 1, 'x')",
    ],
)
def test_the_database_only_grows(home, statement):
    with closing(sqlite3.connect(home.path, isolation_level=None)) as connection, pytest.raises(sqlite3.IntegrityError):
        connection.execute(statement)
    assert home.verify().ok


# An export is checked just so.


@pytest.fixture
def exported(home, tmp_path) -> Path:
    return export(home.path, tmp_path / "export", vkey=home.vkey).folder


def judged(folder: Path, home: Home) -> list[tuple[str, int | None]]:
    return [(problem.kind, problem.first) for problem in verify(folder, home.vkey).problems]


def lines(folder: Path) -> list[bytes]:
    return (folder / "events.jsonl").read_bytes().splitlines(keepends=True)


def rewrite(folder: Path, new: list[bytes]) -> None:
    (folder / "events.jsonl").write_bytes(b"".join(new))


def test_an_honest_export_is_intact(exported, home):
    assert verify(exported, home.vkey).ok
    assert verify(exported, home.vkey, home.checkpoint).ok


def test_a_changed_line_of_an_export_is_placed(exported, home):
    all_lines = lines(exported)
    all_lines[BAD] = all_lines[BAD].replace(b'"market"', b'"markes"')
    rewrite(exported, all_lines)
    assert judged(exported, home) == [("changed", BAD)]


def test_a_deleted_line_of_an_export_is_placed(exported, home):
    all_lines = lines(exported)
    rewrite(exported, all_lines[:BAD] + all_lines[BAD + 1 :])
    assert judged(exported, home) == [("missing", BAD)]


def test_an_inserted_line_of_an_export_is_placed(exported, home):
    all_lines = lines(exported)
    forged = all_lines[BAD].replace(b'"market"', b'"markes"')
    rewrite(exported, [*all_lines[:BAD], forged, *all_lines[BAD:]])
    assert ("inserted", BAD) in judged(exported, home)


def test_exchanged_lines_of_an_export_are_placed(exported, home):
    all_lines = lines(exported)
    all_lines[BAD], all_lines[BAD + 3] = all_lines[BAD + 3], all_lines[BAD]
    rewrite(exported, all_lines)
    assert judged(exported, home) == [("reordered", BAD)]


def test_a_cut_export_is_seen(exported, home):
    rewrite(exported, lines(exported)[:-2])
    assert judged(exported, home) == [("cut_off", SIZE - 2)]


def test_an_export_older_than_the_checkpoint_outside_is_seen(exported, home):
    with home.open() as ledger:
        ledger.append(intent("later"))
    report = verify(exported, home.vkey, home.checkpoint)
    assert {p.kind for p in report.problems} == {"rolled_back"}


def test_a_body_replaced_by_its_hash_is_not_silently_accepted(exported, home):
    all_lines = lines(exported)
    leaf = leaf_hash(all_lines[BAD].rstrip(b"\n")).hex()
    all_lines[BAD] = b'{"pruned":"%b"}\n' % leaf.encode()
    rewrite(exported, all_lines)
    report = verify(exported, home.vkey)
    assert [(p.kind, p.first) for p in report.problems] == [("body_missing", BAD)]
    assert report.pruned == 1


def test_a_ledger_is_the_only_thing_that_can_be_opened_for_writing(tmp_path, honest):
    (tmp_path / "ledger.db").write_bytes(b"something else entirely, longer than a header of a database would be" * 10)
    shutil.copyfile(honest.checkpoint, tmp_path / "ledger.db.checkpoint")
    with pytest.raises(AuditUnavailable) as error:
        Ledger.open(tmp_path / "ledger.db", key=honest.key, origin=ORIGIN, clock=lambda: None)
    assert error.value.reason == "corrupt"


def test_a_lookup_table_edited_so_that_searches_miss_an_entry_is_seen(home):
    """The rows are right, but the B-tree by which a request is looked up is not."""
    with closing(sqlite3.connect(home.path)) as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'event_request'").fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    data = bytearray(home.path.read_bytes())
    at = data.index(b"r3", (page - 1) * size)
    assert at < page * size
    data[at : at + 2] = b"r4"
    home.path.write_bytes(data)
    assert kinds(home) == {"damaged"}
