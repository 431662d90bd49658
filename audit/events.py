"""The nouns of the ledger: what is recorded, what is stored, what is searched, what is acknowledged.

A stored line is canonical JSON with the members `id`, `index`, `time`, `type`, `request`, `actor`, `role`, `department`,
`purpose`, `decision`, `detail` and `v` (the version of this layout), and those of `LIFTED` that the event has (`audit.frame`).
What a type needs beyond these is in `detail`. Values and identities never belong in an event; the caller screens them first.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from typing import Any, NamedTuple, cast

from audit import canonical, frame
from audit.errors import InvalidEvent, NotCanonical

VERSION = 2
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
    `actor` is the account's name. `detail` is canonical JSON; these keys of it are searchable and become members of the line
    itself, where they are text (`metrics`, `classes`: a list of texts): `outcome` (required in an `outcome` event: answered,
    refused or failed), `code` (of the refusal), `rule`, `case`, `surface`, `session`, `question`, `metrics`, `classes`.
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
    """The searchable columns of one event, in the order of the table `event_index`; derived from the stored line alone.

    `classes` and `metrics` are the canonical JSON of a list of texts, as it stands in the line.
    """

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
    rule: str | None
    case: str | None
    classes: str | None
    metrics: str | None
    surface: str | None
    session: str | None
    question: str | None


class Line(NamedTuple):
    """A stored line with its place."""

    data: bytes
    number: int
    id: str
    time: str
    day: str
    draft: Draft

    @property
    def facets(self) -> Facets:
        """Its row of the search index."""
        return Facets(self.number, self.id, self.time, self.day, self.draft.type, *self.draft.rest)


class Draft:
    """An event checked and written but for its place in the ledger: id, number and time come with the batch.

    All that can be done before is done here, in the thread of whoever hands the event over.
    """

    __slots__ = ("_after_index", "_after_time", "_before_id", "rest", "size", "type")

    def __init__(self, event: Event) -> None:
        """Check and encode `event`; raises `InvalidEvent` or `NotCanonical`."""
        check(event)
        self.type = event.type
        # Taken now: the caller may change the detail's mapping later.
        (outcome, code, rule, case, classes, metrics, surface, session, question), detail = _lift(event.detail)
        self.rest = (  # of the facets
            event.request, event.actor, event.role, event.department, event.purpose, event.decision,
            outcome, code, rule, case, classes, metrics, surface, session, question,
        )  # fmt: skip
        data = canonical.dumps(detail)
        try:
            head = frame.head((event.actor, case, classes, code, event.decision, event.department))
            self._before_id = b'%b%b,"id":"' % (head, data)
            middle = (
                f"{frame.asked((metrics, outcome, event.purpose))}{frame.member('question', question)}"
                f',"request":{canonical.text(event.request)}{frame.ruled((event.role, rule))}'
                f'{frame.member("session", session)}{frame.member("surface", surface)},"time":"'
            )
            self._after_index = middle.encode()
        except UnicodeEncodeError as error:
            raise NotCanonical("a member of the event holds a lone surrogate, which is no character") from error
        self._after_time = f'","type":"{event.type}","v":{VERSION}}}'.encode()
        self.size = len(self._before_id) + len(self._after_index)
        if self.size > LINE_LIMIT:
            message = f"an event of more than {LINE_LIMIT} bytes is not recorded; shorten its detail"
            raise InvalidEvent(message)

    def place(self, index: int, event_id: str, time: str, day: str) -> Line:
        """The stored line as number `index`, recorded at `time` (of `format_time`), which lies on the local `day`."""
        data = b'%b%b","index":%d%b%b%b' % (
            self._before_id, event_id.encode(), index, self._after_index, time.encode(), self._after_time,
        )  # fmt: skip
        return Line(data, index, event_id, time, day, self)


Lifted = tuple[
    str | None, str | None, str | None, str | None, str | None, str | None, str | None, str | None, str | None
]


def _lift(detail: Mapping[str, object]) -> tuple[Lifted, Mapping[str, object]]:
    """The searchable members among `detail`, lists as canonical text, and the detail without them."""
    rest: dict[str, object] = {}
    found: list[str | None] = [None] * 9
    for name, value in detail.items():
        place = _PLACES.get(name)
        if place is not None:
            text = _list_text(value) if name in frame.LISTS else _text(value)
            if text is not None or value is None:
                found[place] = text
                continue
        rest[name] = value  # neither text nor a list of texts is not searchable, whatever its name
    return cast(Lifted, tuple(found)), rest


def _list_text(value: object) -> str | None:
    """The canonical text of a list of texts; None for anything else and for an empty list."""
    if not isinstance(value, list | tuple) or not value or any(not isinstance(item, str) for item in value):
        return None
    return _texts(tuple(value))


@lru_cache(maxsize=4096)
def _texts(value: tuple[str, ...]) -> str:
    return canonical.dumps(list(value)).decode()


def check(event: Event) -> None:
    """Raise `InvalidEvent` if the event misses what its type needs."""
    if event.type not in (INTENT, OUTCOME) and not TYPE.fullmatch(event.type):
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


def facets_of(body: Mapping[str, Any], zone: tzinfo) -> Facets:
    """The facets that the index must hold for a stored line of any version; raises `InvalidEvent` if members are absent or odd."""
    try:
        detail, time = body["detail"], body["time"]
        detail.get  # noqa: B018 - an object
        held = detail if body["v"] == 1 else body  # where the searchable members stand
        texts = {name: _text(held.get(name)) for name in frame.TEXTS}
        lists = {name: _list_text(held.get(name)) for name in frame.LISTS}
        facets = Facets(
            number=body["index"],
            id=body["id"],
            time=time,
            day=local_day(time[:MINUTE], zone),
            type=body["type"],
            request=body["request"],
            actor=body["actor"],
            role=body["role"],
            department=body["department"],
            purpose=body["purpose"],
            decision=body["decision"],
            **texts,
            **lists,
        )
    except KeyError as error:
        raise InvalidEvent(f"the line has no member {error}") from error
    except (TypeError, AttributeError, ValueError) as error:
        raise InvalidEvent("a member of the line has the wrong type or form") from error
    if type(facets[0]) is not int or not _ALL_TEXT.issuperset(map(type, facets[1:])) or not TIME.fullmatch(time):
        raise InvalidEvent("a member of the line has the wrong type or form")
    if None in {facets.id, facets.type, facets.actor}:
        raise InvalidEvent("the line lacks an id, a type or an actor")
    return facets


_ALL_TEXT = frozenset({str, type(None)})


@lru_cache(maxsize=4096)
def local_day(minute: str, zone: tzinfo) -> str:
    """The local day of a UTC minute such as 2026-11-15T01:02 (no zone is off by a fraction of a minute today)."""
    return datetime.fromisoformat(minute + ":00Z").astimezone(zone).date().isoformat()


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


_LIFTED_ORDER = Facets._fields[Facets._fields.index("outcome") :]

_PLACES = {name: place for place, name in enumerate(_LIFTED_ORDER)}

LIFTED = frozenset(_LIFTED_ORDER)
"""Keys of an event's detail that become members of the line, where they are searched."""


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
    return new_ids(1, moment, entropy)[0]


def new_ids(count: int, moment: datetime, entropy: Entropy) -> list[str]:
    """So many ids of one moment; asks for all their entropy at once, since each asking gives up the interpreter."""
    clock = f"{int(moment.timestamp() * 1000) & _48_BITS:012x}"
    begin, pool = f"{clock[:8]}-{clock[8:]}-7", entropy(ENTROPY_BYTES * count).hex()
    return [
        # 74 of the 80 bits: six give way to the version (7) and the variant (two bits, 10).
        f"{begin}{pool[at + 1 : at + 4]}-{_VARIANT[pool[at + 4]]}{pool[at + 5 : at + 8]}-{pool[at + 8 : at + 20]}"
        for at in range(0, len(pool), 2 * ENTROPY_BYTES)
    ]


ENTROPY_BYTES = 10
"""Unpredictable bytes that one id takes."""


_48_BITS = (1 << 48) - 1
_VARIANT = {f"{digit:x}": f"{digit & 3 | 8:x}" for digit in range(16)}
