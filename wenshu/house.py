"""What is in force now: the home's bundle over the newest data load, with the lexicon compiled from both.

One immutable whole, swapped when a new load was published; a question holds the one it began with.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Select

from governance.bundle.loading import Bundle
from governance.documents.lexicon import LexiconDocument
from governance.errors import BundleError, WarehouseError, WenshuError
from governance.inforce import Active, catalogue_of, policy_of, put_in_force
from governance.terms import Actor, RowScope, Value
from wenshu.settings import now
from wenshu.standing import BundleSource, Fixed

if TYPE_CHECKING:
    from governance.access.policy import Policy
    from governance.warehouse.engine import Warehouse
    from nlq.lexicon.lexicon import Lexicon

MOST_KEPT = 2
"""The bundle in force and the one before it, to which a rollback goes back."""
NO_DATA = "No data is loaded yet. Load a folder of extracts with: wenshu ingest DIR"


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """One bundle over one load: what the gateway judges by, and the words that mean it."""

    bundle: Bundle
    active: Active
    lexicon: Lexicon
    stamp: object


class House:
    """Keeps `InForce` current. Safe for threads: a request that comes after an activation or a load waits until the new whole is there.

    A bundle that can't be loaded leaves the old one in force: `alarm` says so until another stands, and `on_alarm` is told once.
    """

    def __init__(
        self, bundle: Bundle | BundleSource, warehouse: Warehouse, *, file: Path | None, screener: Any, on_alarm: Callable[[str, str], None] | None = None
    ) -> None:
        """`file` is the embedded warehouse's, watched for new loads; None for a warehouse on a server, which is read once.

        `on_alarm(version, problem)` hears of a bundle that could not be put in force. Raises BundleError where no bundle can be loaded at all.
        """
        self._source: BundleSource = Fixed(bundle) if isinstance(bundle, Bundle) else bundle
        self._warehouse, self._file, self._screener = warehouse, file, screener
        self._on_alarm = on_alarm
        self._lock = threading.Lock()
        self._alarm: str | None = None
        self._now: tuple[object, InForce] | None = None
        self._before_data: tuple[object, Policy] | None = None
        self._kept: dict[tuple[str, object, dt.date], InForce] = {}
        stamp = self._source.stamp()
        self._bundle = self._loaded(stamp, or_else=lambda: self._source.before(stamp))
        self._read: object = stamp

    @property
    def bundle(self) -> Bundle:
        return self._bundle

    @property
    def alarm(self) -> str | None:
        """What is wrong with the bundle that should be in force, or None."""
        return self._alarm

    def current(self) -> InForce:
        """Return what is in force; raise WarehouseError when no data is loaded."""
        wanted = (self._source.stamp(), self._stamp())
        here = self._now
        if here is not None and here[0] == wanted:
            return here[1]
        with self._lock:
            if self._now is None or self._now[0] != wanted:
                self._now = (wanted, self._renewed(wanted))
            return self._now[1]

    def active(self) -> Active:
        return self.current().active

    def policy(self) -> Policy:
        """Return the policy in force; before the first load the bundle's own, since somebody has to be allowed to load."""
        if self._file is None or self._file.exists():
            return self.current().active.policy
        stamp = self._source.stamp()
        with self._lock:
            if self._before_data is None or self._before_data[0] != stamp:
                bundle = self._loaded(stamp, or_else=lambda: self._bundle)
                self._before_data = (stamp, policy_of(bundle, catalogue_of(bundle)).compiled())
            return self._before_data[1]

    def trial(self, bundle: Bundle) -> Active | None:
        """Return a bundle as it would be in force over the loaded data, None where none is loaded; raise BundleError or WarehouseError where it can't be."""
        if self._file is not None and not self._file.exists():
            return None
        return put_in_force(bundle, fetch=self._fetch, today=now().date())

    def _renewed(self, wanted: tuple[object, object]) -> InForce:
        old, stamp = self._bundle, wanted[0]
        if stamp != self._read:
            self._alarm = None
            self._bundle, self._read = self._loaded(stamp, or_else=lambda: old), stamp
        try:
            return self._build(self._bundle, wanted)
        except (BundleError, WarehouseError) as error:
            if self._bundle is old:
                raise
            # The new bundle does not fit the data, which only shows when both meet.
            self._raise_alarm(self._bundle.version, error)
            self._bundle, self._read = old, None
            built = self._build(old, wanted)
            self._read = stamp
            return built

    def _loaded(self, stamp: object, *, or_else: Callable[[], Bundle | None]) -> Bundle:
        try:
            return self._source.load(stamp)
        except (WenshuError, OSError) as error:
            old = or_else()
            if old is None:
                raise
            self._raise_alarm(getattr(stamp, "version", ""), error)
            return old

    def _raise_alarm(self, version: str, error: Exception) -> None:
        problem = str(error).splitlines()[0] if isinstance(error, WenshuError) else type(error).__name__
        self._alarm = f"bundle {version[:12]} can't be put in force, the one before it stays: {problem}"
        if self._on_alarm is not None:
            self._on_alarm(version, problem)

    def _stamp(self) -> object:
        if self._file is None:
            return "server"
        try:
            status = self._file.stat()
        except FileNotFoundError:
            raise WarehouseError(NO_DATA) from None
        return status.st_ino, status.st_mtime_ns, status.st_size

    def _build(self, bundle: Bundle, stamp: tuple[object, object]) -> InForce:
        """Put a bundle in force over the data. One of the same hash over the same file on the same day is the same whole: where it was in force a moment ago it is at hand."""
        today = now().date()
        if self._file is None:
            return self._compiled(bundle, today, stamp)
        kept = {key: found for key, found in self._kept.items() if key[1:] == (stamp[1], today)}
        key = (bundle.version, stamp[1], today)
        old = kept.pop(key, None)
        built = self._compiled(bundle, today, stamp) if old is None else replace(old, bundle=bundle, stamp=stamp)
        self._kept = dict([*kept.items(), (key, built)][-MOST_KEPT:])
        return built

    def _compiled(self, bundle: Bundle, today: dt.date, stamp: object) -> InForce:
        from nlq.lexicon.lexicon import Lexicon

        active = put_in_force(bundle, fetch=self._fetch, today=today)
        documents = [read.document for read in bundle.of("lexicon", LexiconDocument)]
        lexicon = Lexicon.compile(active.catalogue, documents, bundle.settings, screener=self._screener)
        return InForce(bundle=bundle, active=active, lexicon=lexicon, stamp=stamp)

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
    from governance.access.authorize import shown_as
    from governance.access.policy import row_scope
    from governance.terms import MetricQuery

    policy = active.policy.of(actor).on(today)
    judge = policy.judge
    found: dict[frozenset[RowScope], None] = {}
    for name, facts in active.policy.vocabulary.metrics.items():
        if dimension not in facts.dimensions or not judge.allows(actor.role, purpose, name, dimension):
            continue
        if shown_as(actor.role, purpose, name, dimension, policy) != dimension:
            continue  # masked: its own values can't be named
        query = MetricQuery(metrics=(name,), group_by=(dimension,))
        rows = (row for compiled in judge.matching(actor.role, purpose, name, dimension) for row in compiled.rule.rows)
        found[frozenset(scope for row in rows if (scope := row_scope(row, actor, query, today)) is not None)] = None
    return tuple(found)
