"""The ledger on PostgreSQL: the same promises as in a file, on a server, with a role that can only insert and read."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from audit import AuditUnavailable, Ledger, verify
from audit.canonical import dumps, loads
from audit.errors import NotFound
from audit.export import export
from audit.keys import generate_key
from audit.merkle import CompactRange, leaf_hash, node_id
from audit.notes import Checkpoint, Signer
from audit.place import Server as Place
from audit.pruning import prune
from audit.report import Report
from audit.search import Filter, Reader
from tests.fakes.clock import FakeClock
from tests.fixtures.ledgers import ORIGIN, intent, outcome, real_clock
from tests.fixtures.servers import Server, database, postgresql

QUESTIONS = 6
SIZE = 1 + 2 * QUESTIONS
BAD = 7
WRITER = "ledger_writer"
FAR_BEYOND_S = 30.0


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with postgresql() as running:
        with connected(running.owner) as connection:
            connection.execute(f"CREATE ROLE {WRITER} LOGIN PASSWORD 'writes'")
        yield running


def connected(url: str) -> psycopg.Connection[Any]:
    return psycopg.connect(sa.make_url(url).set(drivername="postgresql").render_as_string(hide_password=False), autocommit=True)


class Kept:
    """A ledger on the server, with its key and the checkpoint outside."""

    def __init__(self, folder: Path, owner: str) -> None:
        self.folder, self.owner = folder, owner
        writer = sa.make_url(owner).set(username=WRITER, password="writes").render_as_string(hide_password=False)
        self.place = Place(writer, owner)
        self.checkpoint = folder / "checkpoint"
        self.key = generate_key(folder / "key.pem", ORIGIN)
        self.vkey = str(self.key.verifier)

    def open(self, **changed: Any) -> Ledger:
        settings: dict[str, Any] = {"key": self.key, "origin": ORIGIN, "clock": real_clock, "checkpoint": self.checkpoint}
        return Ledger.open(self.place, **(settings | changed))

    def verify(self, **changed: Any) -> Report:
        return verify(self.place, self.vkey, self.checkpoint, **changed)

    def tamper(self, work: Callable[[psycopg.Connection[Any]], object]) -> None:
        """Edit as the server's administrator would: protections off and on again."""
        with connected(self.owner) as connection:
            connection.execute("SET session_replication_role = replica")
            work(connection)


@pytest.fixture
def kept(server: Server, tmp_path: Path, request: pytest.FixtureRequest) -> Kept:
    name = f"l{abs(hash(request.node.nodeid)):x}"
    made = Kept(tmp_path, database(server, name).owner)
    with made.open(create=True) as ledger:
        for number in range(QUESTIONS):
            ledger.append_many([intent(f"r{number}"), outcome(f"r{number}")])
    return made


def body(connection: psycopg.Connection[Any], number: int) -> dict[str, Any]:
    (found,) = connection.execute("SELECT body FROM entry WHERE idx = %s", (number,)).fetchone()
    return loads(found)


def put(connection: psycopg.Connection[Any], number: int, line: bytes) -> None:
    connection.execute("UPDATE entry SET body = %s, leaf = %s WHERE idx = %s", (line, leaf_hash(line), number))


def altered(connection: psycopg.Connection[Any], number: int) -> bytes:
    return dumps({**body(connection, number), "actor": "somebody_else"})


def rebuilt(connection: psycopg.Connection[Any]) -> CompactRange:
    tree = CompactRange()
    connection.execute("DELETE FROM node")
    for number, line in connection.execute("SELECT idx, body FROM entry ORDER BY idx").fetchall():
        leaf = leaf_hash(line)
        connection.execute("UPDATE entry SET leaf = %s WHERE idx = %s", (leaf, number))
        for node in tree.append(leaf):
            connection.execute("INSERT INTO node VALUES (%s, %s)", (node_id(node.level, node.position), node.hash))
    return tree


def signed(connection: psycopg.Connection[Any], signer: Signer) -> None:
    tree = rebuilt(connection)
    note = signer.sign(Checkpoint(origin=ORIGIN, size=tree.size, root=tree.root()).text())
    connection.execute("DELETE FROM heads")
    connection.execute("DELETE FROM checkpoint")
    connection.execute("INSERT INTO heads VALUES (%s, %s)", (tree.size, note))


# What the door promises.


def test_an_honest_ledger_is_intact_and_numbers_follow_each_other(kept):
    report = kept.verify()
    assert report.ok, report
    assert report.entries == report.size == report.outside == SIZE
    with kept.open() as ledger:
        assert [receipt.index for receipt in ledger.append_many([intent("a"), outcome("a")])] == [SIZE, SIZE + 1]
    assert kept.verify().entries == SIZE + 2


def test_reading_gives_pages_counts_events_and_proofs(kept):
    reader = Reader(kept.place)
    page = reader.search(Filter(type="outcome"), limit=2)
    assert [event.index for event in page.events] == [SIZE - 1, SIZE - 3]
    assert reader.search(Filter(type="outcome"), after=page.after, limit=10).events[0].index == SIZE - 5
    assert reader.count() == SIZE
    assert dict(reader.count_by("type")) == {"intent": QUESTIONS, "outcome": QUESTIONS, "genesis": 1}
    event = page.events[0]
    assert reader.event(event.body["id"]) == event
    assert reader.proof(event.body["id"]).check(kept.vkey).size == SIZE
    assert reader.search(Filter(request="r1"), newest_first=False).events[0].body["type"] == "intent"
    first = Checkpoint.open(kept.checkpoint.read_text(), [kept.key.verifier])
    note = kept.checkpoint.read_text()
    with kept.open() as ledger:
        ledger.append(intent("later"))
    reader.growth(first.size).check(note, kept.vkey)
    assert [orphan.body["request"] for orphan in reader.orphans(real_clock() + timedelta(hours=1))] == ["later"]
    with pytest.raises(NotFound):
        reader.event("nobody")


def test_an_export_of_it_is_checked_without_the_server(kept, tmp_path):
    made = export(kept.place, tmp_path / "export", vkey=kept.vkey)
    assert made.events == SIZE
    assert verify(made.folder, kept.vkey, kept.checkpoint).ok
    done = subprocess.run([sys.executable, str(made.folder / "verify.py"), str(made.folder), kept.vkey], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_several_machines_writing_at_once_never_fork_the_tree(kept):
    def work(name: int) -> None:
        with kept.open(patience_s=FAR_BEYOND_S) as ledger:
            threads = [threading.Thread(target=lambda n=n: [ledger.append(intent(f"{name}-{n}-{k}")) for k in range(10)]) for n in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

    writers = [threading.Thread(target=work, args=(name,)) for name in range(3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    report = kept.verify()
    assert report.ok, report
    assert report.entries == SIZE + 3 * 4 * 10


def test_a_child_process_writes_on(kept):
    with kept.open() as ledger:
        ledger.append(intent("parent"))
        child = os.fork()
        if child == 0:
            code = 1
            try:
                ledger.append(intent("child"))
                code = 0
            finally:
                os._exit(code)
        assert os.waitpid(child, 0)[1] == 0
        ledger.append(intent("parent after"))
    assert kept.verify().entries == SIZE + 3


# The role that writes can't do more, and the tables resist their owner's slips.


@pytest.mark.parametrize("who", ["writer", "owner"])
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entry SET body = 'x' WHERE idx = 1",
        "DELETE FROM entry",
        "TRUNCATE entry",
        "TRUNCATE heads, checkpoint",
        "INSERT INTO entry VALUES (1000, 'x', 'x')",
        "INSERT INTO entry VALUES (1, 'x', 'x') ON CONFLICT (idx) DO UPDATE SET body = 'x'",
        "UPDATE node SET hash = 'x'",
        "DELETE FROM heads",
        "INSERT INTO heads VALUES (1, 'x')",
        "UPDATE event_index SET actor = 'x'",
        "DELETE FROM pruning",
    ],
)
def test_the_tables_only_grow(kept, statement, who):
    with connected(kept.place.url if who == "writer" else kept.owner) as connection, pytest.raises(psycopg.Error):
        connection.execute(statement)
    assert kept.verify().ok


@pytest.mark.parametrize("statement", ["ALTER TABLE entry DISABLE TRIGGER ALL", "DROP TABLE entry", "CREATE OR REPLACE VIEW fct_access AS SELECT 1"])
def test_the_writing_role_can_not_take_the_protections_away(kept, statement):
    with connected(kept.place.url) as connection, pytest.raises(psycopg.Error):
        connection.execute(statement)
    assert kept.verify().ok


def test_without_a_separate_owner_the_role_takes_its_other_rights_from_itself(server, tmp_path):
    kept = Kept(tmp_path, database(server, "alone").owner)
    with connected(kept.owner) as connection:
        connection.execute(f"CREATE SCHEMA own AUTHORIZATION {WRITER}")
    url = sa.make_url(kept.place.url).update_query_dict({"options": "-csearch_path=own"}).render_as_string(hide_password=False)
    kept.place = Place(url)
    with kept.open(create=True) as ledger:
        ledger.append(intent("r"))
    with connected(url) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("DELETE FROM entry")
    assert kept.verify().ok


# The tamper matrix.


def reorder(c: psycopg.Connection[Any]) -> None:
    one, two = (c.execute("SELECT leaf, body FROM entry WHERE idx = %s", (n,)).fetchone() for n in (BAD, BAD + 4))
    for number, row in ((BAD, two), (BAD + 4, one)):
        c.execute("UPDATE entry SET leaf = %s, body = %s WHERE idx = %s", (*row, number))


def inserted(c: psycopg.Connection[Any]) -> None:
    forged = altered(c, BAD)
    for number in reversed(range(BAD, SIZE)):
        c.execute("UPDATE entry SET idx = idx + 1 WHERE idx = %s", (number,))
    c.execute("INSERT INTO entry VALUES (%s, %s, %s)", (BAD, leaf_hash(forged), forged))


def cut(c: psycopg.Connection[Any], size: int) -> None:
    for table in ("entry", "event_index"):
        c.execute(f"DELETE FROM {table} WHERE idx >= {size}")


def emptied(c: psycopg.Connection[Any]) -> None:
    c.execute("TRUNCATE entry, node, heads, checkpoint, event_index, pruning")


def pruned_by_hand(c: psycopg.Connection[Any]) -> None:
    (leaf,) = c.execute("SELECT leaf FROM entry WHERE idx = %s", (BAD,)).fetchone()
    c.execute("UPDATE entry SET body = %s WHERE idx = %s", (b'{"pruned":"%s"}' % leaf.hex().encode(), BAD))
    c.execute("DELETE FROM event_index WHERE idx = %s", (BAD,))


MATRIX: dict[str, tuple[Callable[[psycopg.Connection[Any]], object], set[str], int | None]] = {
    "a letter": (lambda c: c.execute("UPDATE entry SET body = %s WHERE idx = %s", (altered(c, BAD), BAD)), {"changed"}, BAD),
    "a line with its leaf": (lambda c: put(c, BAD, altered(c, BAD)), {"changed"}, BAD),
    "deleted": (lambda c: c.execute(f"DELETE FROM entry WHERE idx = {BAD}"), {"missing"}, BAD),
    "inserted": (inserted, {"inserted"}, BAD),
    "exchanged": (reorder, {"reordered"}, BAD),
    "the end cut off": (lambda c: cut(c, SIZE - 3), {"cut_off"}, SIZE - 3),
    "all deleted": (lambda c: cut(c, 0), {"cut_off"}, 0),
    "emptied": (emptied, {"bad_signature", "rolled_back"}, 0),
    "the index": (lambda c: c.execute(f"UPDATE event_index SET outcome = 'refused' WHERE idx = {BAD + 1}"), {"index_edited"}, BAD + 1),
    "a row of the index": (lambda c: c.execute(f"DELETE FROM event_index WHERE idx = {BAD}"), {"index_edited"}, BAD),
    "a node": (lambda c: c.execute("UPDATE node SET hash = decode(repeat('00', 32), 'hex') WHERE id = 3"), {"tree_changed"}, None),
    "a leaf": (lambda c: c.execute("UPDATE entry SET leaf = decode(repeat('00', 32), 'hex') WHERE idx = 7"), {"tree_changed"}, None),
    "a forged pruning": (pruned_by_hand, {"body_missing"}, BAD),
    "a trigger": (lambda c: c.execute("DROP TRIGGER entry_never_changed ON entry"), {"schema_changed"}, None),
    "a disabled trigger": (lambda c: c.execute("ALTER TABLE entry DISABLE TRIGGER entry_never_changed"), {"schema_changed"}, None),
    "a toothless function": (
        lambda c: c.execute("CREATE OR REPLACE FUNCTION ledger_only_grows() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'"),
        {"schema_changed"},
        None,
    ),
    "a view that lies": (
        lambda c: c.execute("CREATE OR REPLACE VIEW fct_access AS SELECT day, department, purpose, outcome, role AS actor_role FROM event_index WHERE false"),
        {"schema_changed"},
        None,
    ),
    "a rule": (lambda c: c.execute("CREATE RULE nothing AS ON INSERT TO entry DO INSTEAD NOTHING"), {"schema_changed"}, None),
}


@pytest.mark.parametrize("name", MATRIX)
def test_tampering_is_seen_and_placed(kept, name):
    work, kinds, first = MATRIX[name]
    kept.tamper(work)
    report = kept.verify()
    assert report.verdict == "tampered", report
    assert kinds <= {problem.kind for problem in report.problems}, report
    assert report.first_bad == first


def test_history_signed_anew_is_a_forgery_or_a_fork(kept):
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    def edit(c: psycopg.Connection[Any]) -> None:
        put(c, BAD, altered(c, BAD))
        c.execute(f"UPDATE event_index SET actor = 'somebody_else' WHERE idx = {BAD}")

    kept.tamper(lambda c: (edit(c), signed(c, kept.key)))
    assert [problem.kind for problem in kept.verify().problems] == ["forked"]
    with pytest.raises(AuditUnavailable) as error:
        kept.open()
    assert error.value.reason == "forked"
    kept.tamper(lambda c: signed(c, Signer(ORIGIN, Ed25519PrivateKey.generate())))
    assert "bad_signature" in {problem.kind for problem in kept.verify().problems}


def test_an_old_backup_put_back_is_seen_and_not_written_on(kept):
    def back(c: psycopg.Connection[Any]) -> None:
        cut(c, SIZE - 2)
        c.execute(f"DELETE FROM heads WHERE size > {SIZE - 2}")
        c.execute("DELETE FROM node WHERE id >= %s", (SIZE - 2 - (SIZE - 2).bit_count(),))

    kept.tamper(back)
    assert [(p.kind, p.first) for p in kept.verify().problems] == [("rolled_back", SIZE - 2)]
    with pytest.raises(AuditUnavailable) as error:
        kept.open()
    assert error.value.reason == "behind"
    kept.tamper(emptied)
    with pytest.raises(AuditUnavailable) as error:
        kept.open(create=True)
    assert error.value.reason == "behind"


def test_a_clock_set_back_is_a_finding(server, tmp_path):
    clock = FakeClock(datetime(2026, 11, 15, tzinfo=UTC))
    kept = Kept(tmp_path, database(server, "clock").owner)
    with kept.open(create=True, clock=clock) as ledger:
        ledger.append(intent("a"))
        clock.forward(seconds=-3600)
        ledger.append(outcome("a"))
    report = kept.verify()
    assert report.ok
    assert [finding.kind for finding in report.findings] == ["clock_set_back"]


# Forgetting, and trouble.


def test_pruning_drops_bodies_and_keeps_the_proof(server, tmp_path):
    clock = FakeClock(datetime(2022, 1, 1, tzinfo=UTC))
    kept = Kept(tmp_path, database(server, "pruned").owner)
    with kept.open(create=True, clock=clock) as ledger:
        old = [ledger.append_many([intent(f"r{n}"), outcome(f"r{n}")])[0].event for n in range(3)]
        clock.forward(days=5 * 366)
        young = ledger.append(intent("young")).event
        done = prune(ledger, kept.place, actor="local_admin", now=clock())
        assert done.entries == 6
        report = kept.verify()
        assert report.ok, report
        assert report.pruned == 6
        reader = Reader(kept.place)
        assert reader.event(young)
        with pytest.raises(NotFound):
            reader.event(old[0])
    with connected(kept.place.url) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("DELETE FROM entry")
    with connected(kept.owner) as connection, pytest.raises(psycopg.Error, match="only grows"):
        connection.execute("DELETE FROM entry")


def bounded(work: Callable[[], object]) -> str:
    """The reason of the error that `work` raises before long."""
    found: list[BaseException | None] = []

    def run() -> None:
        try:
            work()
            found.append(None)
        except BaseException as error:  # noqa: BLE001 - handed to the waiting test
            found.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(FAR_BEYOND_S)
    assert found, "the call did not come back"
    assert isinstance(found[0], AuditUnavailable), found[0]
    return found[0].reason


def test_a_held_lock_is_said_and_recovered_from(kept):
    with kept.open(patience_s=1.0) as ledger, connected(kept.place.url) as other:
        with other.transaction():
            other.execute("SELECT pg_advisory_xact_lock(1464159827, hashtext(current_schema()))")
            assert bounded(lambda: ledger.append(intent("r"))) == "locked"
        ledger.append(intent("after"))
    assert kept.verify().entries == SIZE + 1


def test_a_broken_connection_is_said_and_recovered_from(kept):
    reader = Reader(kept.place)
    assert reader.size() == SIZE
    told, reasons = 0, set()
    with kept.open() as ledger:
        for _ in range(5):
            ledger.append(intent("before"))
            with connected(kept.owner) as owner:
                # With a time to wait, since a backend that was only told to end may still take the next entry.
                owner.execute("SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE usename = %s", (WRITER,))
            try:
                ledger.append(intent("between"))  # the search index may have met the broken connection first, and mended it
            except AuditUnavailable as error:
                reasons.add(error.reason)
            else:
                told += 1
            ledger.append(intent("after"))
            told += 2
    assert reasons == {"missing"}
    assert reader.size() == SIZE + told
    assert kept.verify().ok


def test_a_role_whose_right_was_taken_and_a_read_only_database_are_said(kept):
    with kept.open() as ledger:
        with connected(kept.owner) as owner:
            owner.execute(f"REVOKE INSERT ON entry FROM {WRITER}")
            assert bounded(lambda: ledger.append(intent("r"))) == "read_only"
            owner.execute(f"GRANT INSERT ON entry TO {WRITER}")
        ledger.append(intent("after"))
    assert kept.verify().ok


def test_a_server_that_is_not_there_and_a_url_that_means_none_are_said(kept):
    nobody = sa.make_url(kept.place.url).set(port=1).render_as_string(hide_password=False)
    kept.place = Place(nobody)
    assert bounded(kept.open) == "missing"
    report = kept.verify()
    assert report.verdict == "unavailable"
    assert "writes" not in repr(kept.place) + str(report)
    for url in ("sqlite:///x.db", "no url at all"):
        kept.place = Place(url)
        assert bounded(kept.open) == "wrong_ledger"


def test_a_home_is_made_with_its_ledger_on_the_server_and_used_from_there(server, tmp_path):
    owner = database(server, "home").owner
    kept = Kept(tmp_path, owner)

    def wenshu(*command: str, **environment: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", "from wenshu.cli import main; main()", "--home", str(tmp_path / "home"), *command],
            capture_output=True, text=True, check=False, env=os.environ | environment,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        assert "writes" not in done.stdout + done.stderr, "the password is said nowhere"
        return done.stdout

    wenshu("init", WENSHU_LEDGER_URL=kept.place.url, WENSHU_LEDGER_OWNER_URL=owner)
    assert not (tmp_path / "home" / "ledger.db").exists()
    assert (tmp_path / "home" / "keys" / "ledger.url").stat().st_mode & 0o077 == 0
    assert owner not in "".join(path.read_text(errors="ignore") for path in (tmp_path / "home").rglob("*") if path.is_file())
    assert '"ok": true' in wenshu("audit", "verify", "--json")
    assert "home.initialised" in wenshu("audit", "search")
    wenshu("audit", "export", "--out", str(tmp_path / "export"))
    wenshu("audit", "pack", "--out", str(tmp_path / "pack"))
    assert wenshu("audit", "checkpoint").startswith("wenshu/")
    assert "were pruned" in wenshu("audit", "prune", WENSHU_LEDGER_OWNER_URL=owner)
    with connected(kept.place.url) as connection:
        assert connection.execute("SELECT count(*) FROM entry").fetchone()[0] >= 5
