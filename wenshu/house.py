"""What is in force now: the home's bundle over the newest data load, with the lexicon compiled from both.

One immutable whole, swapped when a new load was published; a question holds the one it began with.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Select

from governance.bundle.loading import Bundle
from governance.documents.lexicon import LexiconDocument
from governance.errors import WarehouseError
from governance.inforce import Active, put_in_force
from governance.terms import Actor, RowScope, Value
from wenshu.settings import now

if TYPE_CHECKING:
    from governance.warehouse.engine import Warehouse
    from nlq.lexicon import Lexicon

NO_DATA = "No data is loaded yet. Load a folder of extracts with: wenshu ingest DIR"


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """One bundle over one load: what the gateway judges by, and the words that mean it."""

    bundle: Bundle
    active: Active
    lexicon: Lexicon
    stamp: object


class House:
    """Keeps `InForce` current. Safe for threads: one of them rebuilds, the others go on with the old one until it is there."""

    def __init__(self, bundle: Bundle, warehouse: Warehouse, *, file: Path | None, screener: Any) -> None:
        """`file` is the embedded warehouse's, watched for new loads; None for a warehouse on a server, which is read once."""
        self._bundle, self._warehouse, self._file, self._screener = bundle, warehouse, file, screener
        self._lock = threading.Lock()
        self._now: InForce | None = None

    @property
    def bundle(self) -> Bundle:
        return self._bundle

    def current(self) -> InForce:
        """Return what is in force; raise WarehouseError when no data is loaded."""
        stamp = self._stamp()
        here = self._now
        if here is not None and here.stamp == stamp:
            return here
        with self._lock:
            if self._now is None or self._now.stamp != stamp:
                self._now = self._build(stamp)
            return self._now

    def active(self) -> Active:
        return self.current().active

    def _stamp(self) -> object:
        if self._file is None:
            return "server"
        try:
            status = self._file.stat()
        except FileNotFoundError:
            raise WarehouseError(NO_DATA) from None
        return status.st_ino, status.st_mtime_ns, status.st_size

    def _build(self, stamp: object) -> InForce:
        from nlq.lexicon import Lexicon

        active = put_in_force(self._bundle, fetch=self._fetch, today=now().date())
        documents = [read.document for read in self._bundle.of("lexicon", LexiconDocument)]
        lexicon = Lexicon.compile(active.catalogue, documents, self._bundle.settings, screener=self._screener)
        return InForce(bundle=self._bundle, active=active, lexicon=lexicon, stamp=stamp)

    def _fetch(self, statement: Select[Any]) -> list[tuple[Any, ...]]:
        with self._warehouse.session() as session:
            return session.run(statement, timeout_s=30.0, max_rows=1_000_000)


def value_filter(active: Active, actor: Actor, purpose: str, today: dt.date) -> Callable[[str, Value], bool]:
    """Return which values the caller may be told exist: those that a question by some metric of the caller's could name without leaving its row scopes."""
    known: dict[str, tuple[frozenset[RowScope], ...]] = {}

    def allowed(dimension: str, value: Value) -> bool:
        if dimension not in known:
            known[dimension] = scopes_of(active, actor, purpose, dimension, today)
        return any(all(active.reach(scope, dimension, value) for scope in scopes) for scopes in known[dimension])

    return allowed


def scopes_of(active: Active, actor: Actor, purpose: str, dimension: str, today: dt.date) -> tuple[frozenset[RowScope], ...]:
    """Return the row scopes under which the caller may ask by the dimension, each set once: as `authorize` would join them for one metric."""
    from governance.access.policy import row_scope
    from governance.terms import MetricQuery

    judge = active.policy.on(today).judge
    found: dict[frozenset[RowScope], None] = {}
    for name, facts in active.policy.vocabulary.metrics.items():
        if dimension not in facts.dimensions or not judge.allows(actor.role, purpose, name, dimension):
            continue
        query = MetricQuery(metrics=(name,), group_by=(dimension,))
        rows = (row for compiled in judge.matching(actor.role, purpose, name, dimension) for row in compiled.rule.rows)
        found[frozenset(scope for row in rows if (scope := row_scope(row, actor, query, today)) is not None)] = None
    return tuple(found)
