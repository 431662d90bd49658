"""The review queue of linking: open cases of the last load, and every decision ever taken, none of which is changed or removed.

The store holds tokens, masked descriptions and verdicts, no identifier. A decision takes effect with the next load, which makes every fact anew;
undoing it does the same, so nothing a steward does is final.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import (
    Column,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    delete,
    event,
    insert,
    select,
    text,
)
from sqlalchemy.exc import DBAPIError

from governance.errors import IngestError, nearest
from governance.identity.doubts import Decision

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from pathlib import Path

Verdict = Literal["same", "apart", "undo"]
STATES = ("open", "decided", "merged")

_metadata = MetaData()
_cases = Table(
    "review_case",
    _metadata,
    Column("token", String(40), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("entity", String(64), nullable=False),
    Column("rows", Integer, nullable=False),
    Column("load", String(64), nullable=False),
    Column("body", Text, nullable=False),
)
_decisions = Table(
    "review_decision",
    _metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("token", String(40), nullable=False, index=True),
    Column("verdict", String(8), nullable=False),
    Column("record", String(40)),
    Column("pair", Text, nullable=False),
    Column("by", String(128), nullable=False),
    Column("at", String(40), nullable=False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A decision as it was taken: `choice` is the number of the candidate meant, 1 the likeliest (0: none)."""

    token: str
    verdict: Verdict
    choice: int
    by: str
    at: str


class Reviews:
    """The review queue kept in one SQLite file of a home (mode 0600)."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._engine = create_engine(f"sqlite:///{path}")
        event.listen(self._engine, "connect", _overwrite)
        try:
            if not path.exists():
                path.touch(mode=0o600)
            with self._engine.begin() as connection:
                connection.execute(text("PRAGMA busy_timeout = 5000"))
                _metadata.create_all(connection)
        except (DBAPIError, OSError) as error:
            message = f"{path.name} can't be opened ({type(error).__name__}); restore it from its backup"
            raise IngestError(message) from error

    def close(self) -> None:
        """Let go of the file."""
        self._engine.dispose()

    def standing(self) -> dict[str, Decision]:
        """The decisions in force, by token: the last one of each case, unless it was undone."""
        found: dict[str, Decision] = {}
        with self._engine.connect() as connection:
            for row in connection.execute(select(_decisions).order_by(_decisions.c.number)):
                found.pop(row.token, None)
                if row.verdict != "undo":
                    pair = tuple(json.loads(row.pair))
                    found[row.token] = Decision(verdict=row.verdict, record=row.record, pair=(pair[0], pair[1]) if pair else ())
        return found

    def replace(self, cases: Iterable[Mapping[str, Any]], load: str) -> None:
        """Put the cases of a new load in place of the open ones; those with a decision stay, for its history."""
        with self._engine.begin() as connection:
            kept = {row.token for row in connection.execute(select(_decisions.c.token).distinct())}
            connection.execute(delete(_cases).where(_cases.c.token.not_in(kept)))
            fresh = {str(case["token"]): case for case in cases if case["token"] not in kept}
            if fresh:
                connection.execute(
                    insert(_cases),
                    [
                        {
                            "token": token,
                            "kind": case["kind"],
                            "entity": case["entity"],
                            "rows": case["rows"],
                            "load": load,
                            "body": json.dumps(case, ensure_ascii=False),
                        }
                        for token, case in fresh.items()
                    ],
                )

    def cases(self, state: str = "open") -> list[dict[str, Any]]:
        """The cases in a state, those with most rows first: open · decided · merged (automatic merges, which may be split)."""
        if state not in STATES:
            message = f"there is no state {state!r}; use {', '.join(STATES)}.{nearest(state, STATES)}"
            raise IngestError(message)
        standing = self.standing()
        with self._engine.connect() as connection:
            rows = connection.execute(select(_cases).order_by(_cases.c.rows.desc(), _cases.c.token)).all()
        found = []
        for row in rows:
            decided = row.token in standing
            if (state == "decided") == decided and (decided or (row.kind == "merged") == (state == "merged")):
                case = json.loads(row.body)
                if decided:
                    case["decision"] = _told(standing[row.token], case)
                found.append(case)
        return found

    def case(self, token: str) -> dict[str, Any]:
        """One case, by its token or the beginning of it that no other has."""
        with self._engine.connect() as connection:
            rows = connection.execute(select(_cases).where(_cases.c.token.startswith(token, autoescape=True))).all()
        if not token or len(rows) != 1:
            message = f"there is no case {token!r}" if len(rows) == 0 else f"{len(rows)} cases begin with {token!r}; write more of it"
            raise IngestError(f"{message}. `wenshu ingest review list` shows them")
        case: dict[str, Any] = json.loads(rows[0].body)
        standing = self.standing().get(rows[0].token)
        if standing is not None:
            case["decision"] = _told(standing, case)
        return case

    def check(self, token: str, verdict: Verdict, *, choice: int) -> dict[str, Any]:
        """Return the case if this can be decided about it, or raise IngestError saying what can."""
        case = self.case(token)
        candidates = case["candidates"]
        if verdict == "undo" and "decision" not in case:
            message = f"case {case['token']} has no decision to undo"
            raise IngestError(message)
        if verdict == "same" and not 1 <= choice <= len(candidates):
            message = f"case {case['token']} has candidates 1 to {len(candidates)}; name one of them"
            raise IngestError(message)
        return case

    def decide(self, token: str, verdict: Verdict, *, choice: int, by: str, at: datetime) -> Taken:
        """Take a decision: the candidate numbered `choice` is the `same` person, all are `apart`, or `undo` the last decision."""
        case = self.check(token, verdict, choice=choice)
        candidates = case["candidates"]
        record = candidates[choice - 1]["token"] if verdict == "same" else None
        pair = [] if case["kind"] == "row" else [case["record"], candidates[0]["token"]]
        moment = at.isoformat(timespec="seconds")
        with self._engine.begin() as connection:
            connection.execute(
                insert(_decisions).values(
                    token=case["token"], verdict=verdict, record=record, pair=json.dumps(pair), by=by, at=moment
                )
            )
        return Taken(token=case["token"], verdict=verdict, choice=choice if verdict == "same" else 0, by=by, at=moment)

    def forget(self, tokens: Collection[str]) -> int:
        """Delete every case in which a record with one of the tokens stands, and return how many; decisions about them stay as digests in the history."""
        with self._engine.begin() as connection:
            about = [
                row.token
                for row in connection.execute(select(_cases.c.token, _cases.c.body))
                if not {str((case := json.loads(row.body))["record"]), *(str(item["token"]) for item in case["candidates"])}.isdisjoint(tokens)
            ]
            for token in about:
                connection.execute(delete(_cases).where(_cases.c.token == token))
        return len(about)

    def waiting(self, since: datetime) -> int:
        """How many decisions were taken after a moment, and so are not in the data yet."""
        with self._engine.connect() as connection:
            moments = connection.execute(select(_decisions.c.at)).scalars()
            return sum(datetime.fromisoformat(at).timestamp() > since.timestamp() for at in moments)

    def history(self) -> list[dict[str, Any]]:
        """Every decision ever taken, the newest first."""
        with self._engine.connect() as connection:
            rows = connection.execute(select(_decisions).order_by(_decisions.c.number.desc())).all()
        return [{"case": row.token, "verdict": row.verdict, "by": row.by, "at": row.at} for row in rows]


def _overwrite(connection: Any, _record: object) -> None:
    """What is deleted is overwritten: a case describes a person, if masked."""
    connection.execute("PRAGMA secure_delete = ON")


def _told(decision: Decision, case: Mapping[str, Any]) -> dict[str, Any]:
    tokens = [candidate["token"] for candidate in case["candidates"]]
    choice = tokens.index(decision.record) + 1 if decision.record in tokens else 0
    return {"verdict": decision.verdict, "choice": choice}
