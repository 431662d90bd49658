"""Re-identification under two persons' control: requested by one, approved by another, shown once, and then never again.

The order of the showing is: check, consume, record, open. A request that is used stays used whatever happens afterwards.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

from governance.errors import InvalidQuery
from governance.identity import patterns
from governance.identity import vault_schema as schema
from governance.identity.written import fold
from governance.terms import Refusal, Text

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from datetime import datetime

    from governance.identity.vault import Vault

_CASE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/#-]{0,39}")
_TELLING = ("mobile", "email", "id_card", "license", "bank_card")
ID_BYTES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request. `shown_as` is the pseudonym released for its purpose; nothing here identifies anybody. Times are local."""

    id: str
    uid: str
    entity: str
    shown_as: str
    case_number: str
    purpose: str
    requester: str
    requested_at: datetime
    expires_at: datetime
    approver: str | None
    decided_at: datetime | None
    state: str
    revealed_at: datetime | None

    def state_at(self, now: datetime) -> str:
        """requested, approved, denied, revealed or expired."""
        return "expired" if self.state in {"requested", "approved"} and now >= self.expires_at else self.state


def checked_case(text: str) -> str:
    """A case number as it may be recorded for good, or InvalidQuery: it must not itself be somebody's identifier."""
    case = text.strip()
    if not _CASE.fullmatch(case):
        message = "a case number has 1 to 40 letters, digits and . _ / # - and no words; such as CASE-2026-015"
        raise InvalidQuery(message)
    folded = fold(case)
    if any(next(iter(patterns.FINDERS[kind](folded)), None) is not None for kind in _TELLING):
        message = "the case number looks like a person's identifier, which the ledger must not keep; give the case's own number"
        raise InvalidQuery(message)
    return case


def refusal(code: str, zh: str, en: str, *, rule: str, you_may: tuple[Text, ...] = ()) -> Refusal:
    """A refusal of this room."""
    return Refusal(code=code, message=Text(zh=zh, en=en), rule=rule, you_may=you_may)


_AGAIN = (Text(zh="重新提交申请", en="Make a new request"),)


class Reidentifications:
    """The requests of one vault. `clock` gives the local time."""

    def __init__(self, vault: Vault, *, clock: Callable[[], datetime]) -> None:
        self._vault, self._clock = vault, clock

    def request(
        self, *, uid: str, entity: str, shown_as: str, case_number: str, purpose: str, requester: str, hours: int, random: Callable[[int], bytes]
    ) -> Request:
        """Keep a new request. Who may make one is the caller's to judge."""
        now = self._clock()
        made = Request(
            id=random(ID_BYTES).hex(),
            uid=uid,
            entity=entity,
            shown_as=shown_as,
            case_number=checked_case(case_number),
            purpose=purpose,
            requester=requester,
            requested_at=now,
            expires_at=now + timedelta(hours=hours),
            approver=None,
            decided_at=None,
            state="requested",
            revealed_at=None,
        )
        with self._vault.engine.begin() as connection:
            connection.execute(schema.request.insert(), [{name: getattr(made, name) for name in Request.__slots__}])
        return made

    def get(self, request_id: str) -> Request | None:
        """The request with this id, or None."""
        with self._vault.engine.connect() as connection:
            row = connection.execute(sa.select(schema.request).where(schema.request.c.id == request_id)).one_or_none()
        return None if row is None else Request(**row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for a row's mapping

    def all(self) -> list[Request]:
        """All requests, newest first."""
        with self._vault.engine.connect() as connection:
            rows = connection.execute(sa.select(schema.request).order_by(schema.request.c.requested_at.desc(), schema.request.c.id)).all()
        return [Request(**row._mapping) for row in rows]  # noqa: SLF001

    def may_decide(self, found: Request, approver: str) -> Refusal | None:
        """Why this person can't decide on the request now, or None. Nobody approves what they asked for themselves, whatever their role."""
        if found.requester == approver:
            return refusal("two_persons", "申请人不能审批自己的申请，须由另一位合规官审批。", "The requester can't approve the request; another compliance officer has to.", rule="two_persons")
        return self._open(found, "requested")

    def decide(self, found: Request, approver: str, *, approved: bool) -> Refusal | None:
        """Approve or deny, once."""
        no = self.may_decide(found, approver)
        if no is not None:
            return no
        table, now = schema.request, self._clock()
        with self._vault.engine.begin() as connection:
            done = connection.execute(
                table.update()
                .where(table.c.id == found.id, table.c.state == "requested", table.c.requester != approver)
                .values(state="approved" if approved else "denied", approver=approver, decided_at=now)
            )
        return None if done.rowcount == 1 else self._open(self.get(found.id) or found, "requested")

    def may_reveal(self, found: Request, who: str) -> Refusal | None:
        """Why this person can't be shown the answer now, or None."""
        if found.requester != who:
            return refusal("not_requester", "只有申请人可以查看结果。", "Only the requester is shown the answer.", rule="shown_to_requester")
        return self._open(found, "approved")

    def consume(self, found: Request, who: str) -> Refusal | None:
        """Use the request up, or say why not; of several at once one does."""
        no = self.may_reveal(found, who)
        if no is not None:
            return no
        table, now = schema.request, self._clock()
        with self._vault.engine.begin() as connection:
            done = connection.execute(
                table.update().where(table.c.id == found.id, table.c.state == "approved", table.c.requester == who).values(state="revealed", revealed_at=now)
            )
        if done.rowcount == 1:
            return None
        return self._open(self.get(found.id) or found, "approved") or refusal("used", "该申请已使用。", "The request was used.", rule="single_use", you_may=_AGAIN)

    def fields(self, found: Request, *, only: Collection[str] | None = None) -> dict[str, list[str]]:
        """The person's fields in clear (`only` these, if given); for whoever has just consumed the request."""
        held = self._vault.open_fields(found.uid)
        return {name: values for name, values in held.items() if only is None or name in only}

    def _open(self, found: Request, wanted: str) -> Refusal | None:
        state = found.state_at(self._clock())
        if state == wanted:
            return None
        if state == "expired":
            return refusal("expired", "该申请已过期。", "The request has expired.", rule="requests_expire", you_may=_AGAIN)
        if state == "revealed":
            return refusal("used", "该申请已使用，结果只显示一次。", "The request was used: the answer is shown once.", rule="single_use", you_may=_AGAIN)
        if state == "denied":
            return refusal("denied", "该申请未获批准。", "The request was denied.", rule="two_persons", you_may=_AGAIN)
        if state == "requested":
            return refusal("not_approved", "该申请尚未获得批准。", "The request is not approved yet.", rule="two_persons")
        return refusal("decided", "该申请已审批。", "The request is decided already.", rule="single_use")
