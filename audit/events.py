"""The nouns of the ledger: what is recorded, what is stored, what is searched, what is acknowledged.

A stored line is canonical JSON with the members `id`, `index`, `time`, `type`, `request`, `actor`, `role`, `department`,
`purpose`, `decision`, `detail` and `v` (the version of this layout). What a type needs beyond the common members is in `detail`.
Values and identities never belong in an event; the caller screens them first.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from typing import Any, NamedTuple

from audit import canonical
from audit.errors import InvalidEvent, NotCanonical

VERSION = 1
"""Layout of a stored line."""

GENESIS = "genesis"
"""Type of event 0, which binds origin, time zone and verifier key of the ledger into its own tree."""

INTENT = "intent"
OUTCOME = "outcome"
OUTCOMES = ("answered", "refused", "failed")
"""What `detail.outcome` of an `outcome` event may say."""

TYPE = re.compile(r"[a-z][a-z0-9_.]{0,63}")
TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z")
MINUTE = 16
"""Letters of a time up to its minute."""

LINE_LIMIT = 1 << 20
"""Longest stored line in bytes."""

Clock = Callable[[], datetime]
"""Gives the present as an aware datetime."""

Entropy = Callable[[int], bytes]
"""Gives that many unpredictable bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened and must be provable: who did what, why, and how it was decided.

    `type` is lower-case words (`intent`, `outcome`, `question`, `policy.activated`); `request` joins an intent and its outcome;
    `actor` is the account's name. `detail` is canonical JSON; these keys of it are searchable: `outcome` (required in an
    `outcome` event: answered, refused or failed), `code` (of the refusal), `metrics` (ids).
    """

    type: str
    actor: str
    request: str | None = None
    role: str | None = None
    department: str | None = None
    purpose: str | None = None
    decision: str | None = None
    detail: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """Proof that an event is durable: its id, its number, and the signed checkpoint that covers it (a C2SP note)."""

    event: str
    index: int
    checkpoint: str


class Facets(NamedTuple):
    """The searchable columns of one event, in the order of the table `event_index`; derived from the stored line alone."""

    number: int
    id: str
    time: str
    day: str
    type: str
    request: str | None
    actor: str
    role: str | None
    department: str | None
    purpose: str | None
    decision: str | None
    outcome: str | None
    code: str | None


class Line(NamedTuple):
    """A stored line with its facets and metric ids."""

    data: bytes
    facets: Facets
    metrics: tuple[str, ...]


class Draft:
    """An event checked and written but for its place in the ledger: number and time come with the batch."""

    __slots__ = ("_after_index", "_after_time", "_before_index", "_code", "_event", "_metrics", "_outcome", "id")

    def __init__(self, event: Event, event_id: str) -> None:
        """Check and encode `event`; raises `InvalidEvent` or `NotCanonical`."""
        check(event)
        self.id = event_id
        self._event = event
        # Taken now: the caller may change the detail's mapping later.
        self._metrics = metric_ids(event.detail)
        self._outcome, self._code = _text(event.detail.get("outcome")), _text(event.detail.get("code"))
        member, detail = canonical.text, canonical.dumps(event.detail)
        # The members in canonical (sorted) order, cut where number and time go.
        front = (
            f'{{"actor":{member(event.actor)},"decision":{member(event.decision)}'
            f',"department":{member(event.department)},"detail":'
        )
        middle = f',"purpose":{member(event.purpose)},"request":{member(event.request)},"role":{member(event.role)}'
        try:
            self._before_index = b'%b%b,"id":"%b","index":' % (front.encode(), detail, event_id.encode())
            self._after_index = f'{middle},"time":"'.encode()
        except UnicodeEncodeError as error:
            raise NotCanonical("a member of the event holds a lone surrogate, which is no character") from error
        self._after_time = f'","type":"{event.type}","v":{VERSION}}}'.encode()
        if len(self._before_index) + len(self._after_index) > LINE_LIMIT:
            message = f"an event of more than {LINE_LIMIT} bytes is not recorded; shorten its detail"
            raise InvalidEvent(message)

    def place(self, index: int, moment: datetime, zone: tzinfo) -> Line:
        """The stored line as number `index`, recorded at `moment`."""
        time = format_time(moment)
        data = b"%b%d%b%b%b" % (self._before_index, index, self._after_index, time.encode(), self._after_time)
        event = self._event
        facets = Facets(
            index,
            self.id,
            time,
            _local_day(time[:MINUTE], zone),
            event.type,
            event.request,
            event.actor,
            event.role,
            event.department,
            event.purpose,
            event.decision,
            self._outcome,
            self._code,
        )
        return Line(data, facets, self._metrics)


def check(event: Event) -> None:
    """Raise `InvalidEvent` if the event misses what its type needs."""
    if not TYPE.fullmatch(event.type):
        message = "an event's type is lower-case words such as intent or policy.activated"
        raise InvalidEvent(message)
    if not event.actor:
        message = "an event names its actor"
        raise InvalidEvent(message)
    if event.type in (INTENT, OUTCOME) and not event.request:
        message = f"an {event.type} event carries the request that joins intent and outcome"
        raise InvalidEvent(message)
    if event.type == OUTCOME and event.detail.get("outcome") not in OUTCOMES:
        message = "an outcome event's detail.outcome is answered, refused or failed"
        raise InvalidEvent(message)


def facets_of(body: Mapping[str, Any], zone: tzinfo) -> tuple[Facets, tuple[str, ...]]:
    """Facets and metric ids that the index must hold for a stored line; raises `InvalidEvent` if members are absent or odd."""
    try:
        detail, time = body["detail"], body["time"]
        facets = Facets(
            body["index"],
            body["id"],
            time,
            _local_day(time[:MINUTE], zone),
            body["type"],
            body["request"],
            body["actor"],
            body["role"],
            body["department"],
            body["purpose"],
            body["decision"],
            _text(detail.get("outcome")),
            _text(detail.get("code")),
        )
    except KeyError as error:
        raise InvalidEvent(f"the line has no member {error}") from error
    except (TypeError, AttributeError, ValueError) as error:
        raise InvalidEvent("a member of the line has the wrong type or form") from error
    if type(facets[0]) is not int or not _ALL_TEXT.issuperset(map(type, facets[1:])) or not TIME.fullmatch(time):
        raise InvalidEvent("a member of the line has the wrong type or form")
    if None in {facets.id, facets.type, facets.actor}:
        raise InvalidEvent("the line lacks an id, a type or an actor")
    return facets, metric_ids(detail)


_ALL_TEXT = frozenset({str, type(None)})


@lru_cache(maxsize=4096)
def _local_day(minute: str, zone: tzinfo) -> str:
    """The local day of a UTC minute such as 2026-11-15T01:02 (no zone is off by a fraction of a minute today)."""
    return datetime.fromisoformat(minute + ":00Z").astimezone(zone).date().isoformat()


def metric_ids(detail: Mapping[str, object]) -> tuple[str, ...]:
    """The metric ids named in `detail.metrics`, sorted, each once; empty if there are none."""
    named = detail.get("metrics")
    if named is None:
        return ()
    if not isinstance(named, Sequence) or isinstance(named, str):
        return ()
    return tuple(sorted({metric for metric in named if isinstance(metric, str)}))


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def format_time(moment: datetime) -> str:
    """`2026-11-15T01:02:03.000004Z`: UTC, always six decimals, so that text order is time order."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def parse_time(text: str) -> datetime:
    """Read `format_time`'s form; raises `InvalidEvent` for any other."""
    message = "a time is written like 2026-11-15T01:02:03.000004Z"
    if not TIME.fullmatch(text):
        raise InvalidEvent(message)
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidEvent(message) from error


def new_id(moment: datetime, entropy: Entropy) -> str:
    """A UUID of version 7 (RFC 9562): milliseconds, then 74 random bits; ids sort by time and can't be guessed."""
    milliseconds = int(moment.timestamp() * 1000)
    random = int.from_bytes(entropy(10), "big")
    value = (
        (milliseconds & (1 << 48) - 1) << 80 | 7 << 76 | (random >> 66 & 0xFFF) << 64 | 2 << 62 | random & (1 << 62) - 1
    )
    digits = f"{value:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
