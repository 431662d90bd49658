"""Re-identification in one home: who may ask who is behind a pseudonym, who approves, who is shown the answer, and the ledger's word on each.

Each act is in the ledger before it has an effect (a showing: after the request was used up, and before anything is shown); the answer itself is nowhere but in what is returned.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from audit import Event, Ledger, Receipt
from audit.shredding import PersonKeys
from governance.documents.access import Role
from governance.documents.identity import IdentityDocument, Reidentification, Requesters
from governance.errors import InvalidQuery, nearest
from governance.gateway import Gateway
from governance.identity.directory import Directory, Found
from governance.identity.masking import masked_fields
from governance.identity.pseudonyms import is_pseudonym
from governance.identity.reidentification import Reidentifications, Request, checked_case, refusal
from governance.identity.vault import Vault
from governance.identity.written import fold
from governance.inforce import Active
from governance.terms import Actor, Filter, MetricQuery, Refusal, Text
from wenshu.identities import Identities

REVIEW = "review"
"""The page that makes a role one of compliance officers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What became of an act: the request as it stands then, the identity if it was shown, or the refusal; always with its receipt."""

    receipt: Receipt
    request: Mapping[str, Any] | None = None
    identity: Mapping[str, list[str]] | None = None
    masked: bool = True
    refusal: Refusal | None = None

    def to_json(self) -> dict[str, Any]:
        """The document of `wenshu identity … --json`."""
        receipt = {"event": self.receipt.event, "index": self.receipt.index, "checkpoint": self.receipt.checkpoint}
        if self.refusal is not None:
            no = self.refusal
            told = {"code": no.code, "message": f"{no.message.zh} {no.message.en}", "rule": no.rule, "you_may": [f"{text.zh} {text.en}" for text in no.you_may]}
            return {"status": "refused", "request": self.request, "refusal": told, "receipt": receipt}
        document = {"status": self.request["state"] if self.request else "done", "request": self.request, "receipt": receipt}
        return document if self.identity is None else document | {"masked": self.masked, "identity": dict(self.identity)}


class PersonsRoom:
    """Requests, approvals and the one showing. `keys` seal in the ledger whom they are about; `clock` gives aware times; `random(n)` gives n random bytes."""

    def __init__(
        self,
        *,
        identities: Identities,
        gateway: Gateway,
        active: Callable[[], Active],
        ledger: Ledger,
        keys: PersonKeys,
        zone: str,
        clock: Callable[[], dt.datetime],
        random: Callable[[int], bytes],
    ) -> None:
        self._identities, self._gateway, self._active, self._ledger, self._keys = identities, gateway, active, ledger, keys
        self._zone, self._clock, self._random = ZoneInfo(zone), clock, random

    # ------------------------------------------------------------------ the three acts

    def request(self, actor: Actor, pseudonym: str, *, case: str, purpose: str) -> Told:
        """Ask who is behind a pseudonym. Raises InvalidQuery for one that is mistyped or unknown, an unknown purpose or an odd case number."""
        case_number = checked_case(case)
        active = self._active()
        purposes = active.policy.purposes
        if purpose not in purposes:
            raise InvalidQuery(f"unknown purpose {purpose!r}.{nearest(purpose, purposes)} Purposes: {', '.join(purposes)}.")
        no, rule = self._may_request(actor, purpose)
        if no is not None:
            return self._refused(actor, purpose, no, None, case_number)
        directory = self._identities.directory()
        found = find_person(directory, pseudonym, purposes)
        shown = directory.released(found.entity, found.uid, purpose)
        outside = self._outside(actor, purpose, rule, found.entity, shown, active)
        if outside is not None:
            return self._refused(actor, purpose, outside, None, case_number)
        with self._identities.vault() as vault:
            book = self._book(vault)
            made = book.request(
                uid=found.uid,
                entity=found.entity,
                shown_as=shown,
                case_number=case_number,
                purpose=purpose,
                requester=actor.id,
                hours=self._settings().hours,
                random=self._random,
            )
        receipt = self._record(actor, "identity.requested", "allow", made)
        return Told(receipt=receipt, request=self._view(made))

    def decide(self, actor: Actor, request_id: str, *, approved: bool) -> Told:
        """Approve or deny a request of somebody else. Raises InvalidQuery for an unknown one."""
        with self._identities.vault() as vault:
            book = self._book(vault)
            made = self._known(book, request_id)
            no = self._may_approve(actor) or book.may_decide(made, actor.id)
            if no is None:
                receipt = self._record(actor, "identity.approved" if approved else "identity.denied", "allow", made)
                no = book.decide(made, actor.id, approved=approved)
                if no is None:
                    return Told(receipt=receipt, request=self._view(book.get(made.id) or made))
            return self._refused(actor, made.purpose, no, made, made.case_number)

    def reveal(self, actor: Actor, request_id: str, *, unmasked: bool) -> Told:
        """Show the requester, once, who it is; the showing uses the request up in either form."""
        with self._identities.vault() as vault:
            book = self._book(vault)
            made = self._known(book, request_id)
            no = book.may_reveal(made, actor.id) or self._may_still(actor, made)
            if no is None:
                # Used up before anything else: of many who reveal at once one goes on, and where the ledger can't be written nobody is shown anything.
                no = book.consume(made, actor.id)
            if no is None:
                receipt = self._record(actor, "identity.revealed", "allow", made, masked=not unmasked)
                shown = book.fields(made)
                identity = shown if unmasked else masked_fields(shown)
                return Told(receipt=receipt, request=self._view(book.get(made.id) or made), identity=identity, masked=not unmasked)
            return self._refused(actor, made.purpose, no, made, made.case_number)

    def requests(self, actor: Actor) -> list[dict[str, Any]]:
        """The requests that the caller may see: compliance officers all of them, anybody else their own. Newest first."""
        if not self._identities.available():
            return []
        with self._identities.vault() as vault:
            found = self._book(vault).all()
        everything = self._may_approve(actor) is None
        return [self._view(item) | {"mine": item.requester == actor.id} for item in found if everything or item.requester == actor.id]

    def may_approve(self, actor: Actor) -> bool:
        """Whether the caller is one of those who approve."""
        return self._may_approve(actor) is None

    def purposes(self, actor: Actor) -> list[str]:
        """The purposes for which the caller may request."""
        return [name for name in self._active().policy.purposes if self._may_request(actor, name)[0] is None]

    # ------------------------------------------------------------------ who may

    def _settings(self) -> Reidentification:
        reads = self._identities.bundle().of("identity", IdentityDocument)
        return next((read.document.reidentification for read in reads if read.document.reidentification is not None), Reidentification())

    def _role(self, actor: Actor) -> Role | None:
        return self._active().policy.roles.get(actor.role)

    def _may_request(self, actor: Actor, purpose: str) -> tuple[Refusal | None, Requesters | None]:
        role, said = self._role(actor), self._settings()
        rules = said.requesters
        found = next((rule for rule in rules if actor.role in rule.roles and purpose in rule.purposes), None)
        allowed = found is not None if rules else role is not None and REVIEW in role.pages
        if role is not None and purpose in role.purposes and allowed:
            return None, found
        labels = self._active().policy.purposes
        may = [labels[name].label.text() for rule in rules if actor.role in rule.roles for name in rule.purposes if name in labels]
        no = refusal(
            "purpose_not_allowed",
            "您的角色不能以该目的申请再识别。",
            "Your role may not request re-identification for this purpose.",
            rule="reidentification.requesters",
            you_may=(*may, _ask_compliance()),
        )
        return no, None

    def _may_approve(self, actor: Actor) -> Refusal | None:
        role, named = self._role(actor), self._settings().approvers
        if role is not None and REVIEW in role.pages and (not named or actor.role in named):
            return None
        return refusal(
            "not_approver", "只有合规官可以审批再识别申请。", "Only a compliance officer may decide on re-identification.", rule="reidentification.approvers", you_may=(_ask_compliance(),)
        )

    def _may_still(self, actor: Actor, made: Request) -> Refusal | None:
        """Whether the requester might still ask for this: who changed roles, or lost the person from the scope, since the approval is shown nothing."""
        no, rule = self._may_request(actor, made.purpose)
        if no is not None:
            return no
        shown = self._identities.directory().released(made.entity, made.uid, made.purpose)
        return self._outside(actor, made.purpose, rule, made.entity, shown, self._active())

    def _outside(self, actor: Actor, purpose: str, rule: Requesters | None, entity: str, shown: str, active: Active) -> Refusal | None:
        """The refusal for a person outside the requester's scope, where the rule asks for it."""
        if rule is None or not rule.within_scope or self._in_scope(actor, purpose, entity, shown, active):
            return None
        return refusal("row_scope", "这个假名不在您的数据范围内。", "This pseudonym is outside your own scope.", rule="row_scope", you_may=(_ask_compliance(),))

    def _in_scope(self, actor: Actor, purpose: str, entity: str, shown: str, active: Active) -> bool:
        """Whether the caller might ask about exactly this person under the purpose."""
        catalogue = active.catalogue
        names = [name for name, dimension in catalogue.dimensions.items() if dimension.identifies == entity]
        return any(
            self._gateway.would_allow(actor, purpose, MetricQuery(metrics=(metric,), where=(Filter(dimension=name, op="in", values=(shown,)),)), active)
            for name in names
            for metric in catalogue.metrics
        )

    # ------------------------------------------------------------------ helpers

    def _book(self, vault: Vault) -> Reidentifications:
        return Reidentifications(vault, clock=self._local)

    def _local(self) -> dt.datetime:
        return self._clock().astimezone(self._zone).replace(tzinfo=None)

    def _known(self, book: Reidentifications, request_id: str) -> Request:
        found = book.get(request_id.strip().lower())
        if found is None:
            raise InvalidQuery("there is no re-identification request with this id; see: wenshu identity list --as USER")
        return found

    def _view(self, made: Request) -> dict[str, Any]:
        def moment(at: dt.datetime | None) -> str | None:
            return None if at is None else at.replace(tzinfo=self._zone).isoformat(timespec="seconds")

        return {
            "id": made.id,
            "state": made.state_at(self._local()),
            "person": made.shown_as,
            "entity": made.entity,
            "case": made.case_number,
            "purpose": made.purpose,
            "requester": made.requester,
            "requested_at": moment(made.requested_at),
            "expires_at": moment(made.expires_at),
            "approver": made.approver,
            "decided_at": moment(made.decided_at),
            "revealed_at": moment(made.revealed_at),
        }

    def _record(self, actor: Actor, kind: str, decision: str, made: Request, **more: object) -> Receipt:
        detail = {"reidentification": made.id, "person": self._keys.seal(made.uid, made.shown_as), "case": made.case_number, "requester": made.requester, "via": actor.via, **more}
        return self._ledger.append(
            Event(type=kind, actor=actor.id, role=actor.role, department=actor.department, purpose=made.purpose, decision=decision, detail=detail)
        )

    def _refused(self, actor: Actor, purpose: str, no: Refusal, made: Request | None, case: str) -> Told:
        detail: dict[str, object] = {"code": no.code, "rule": no.rule, "case": case, "via": actor.via}
        if made is not None:
            detail |= {"reidentification": made.id, "person": self._keys.seal(made.uid, made.shown_as)}
        receipt = self._ledger.append(
            Event(type="identity.refused", actor=actor.id, role=actor.role, department=actor.department, purpose=purpose, decision="refuse", detail=detail)
        )
        return Told(receipt=receipt, refusal=no, request=None if made is None else self._view(made))


def find_person(directory: Directory, text: str, purposes: Mapping[str, object]) -> Found:
    """Whose pseudonym this is, in whatever form; InvalidQuery for one that is mistyped or nobody's."""
    pseudonym = fold(text).strip().upper()
    if not is_pseudonym(pseudonym):
        raise InvalidQuery("that is no pseudonym: one looks like H1-… and ends in a check character, so a typing error is noticed; copy it again")
    found = directory.find(pseudonym, purposes)
    if found is None:
        raise InvalidQuery("nobody stands under this pseudonym: it is of another home, its key was destroyed, or the person was erased")
    return found


def _ask_compliance() -> Text:
    return Text(zh="联系合规部", en="Ask compliance")
