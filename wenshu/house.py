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
from governance.terms import Actor, DimensionScope, RowScope, Value
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
    """Return which values the caller may be told exist: those that lie in every row scope of some grant of the caller's."""
    scopes = list(scopes_of(active, actor, purpose, today))
    return lambda dimension, value: all(active.reach(scope, dimension, value) for scope in scopes)


def scopes_of(active: Active, actor: Actor, purpose: str, today: dt.date) -> list[RowScope]:
    """Return the row scopes that the caller's grants for the purpose have in common."""
    from governance.access.policy import row_scope
    from governance.terms import MetricQuery

    grants = [c.rule for c in active.policy.rules.values() if actor.role in c.rule.roles and purpose in c.rule.purposes and c.rule.effect == "allow"]
    empty = MetricQuery(metrics=("any",))
    sets = [{scope for row in rule.rows if (scope := row_scope(row, actor, empty, today)) is not None} for rule in grants]
    common = set.intersection(*sets) if sets else set()
    return sorted(common, key=lambda scope: (isinstance(scope, DimensionScope), repr(scope)))
