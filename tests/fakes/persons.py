"""The rooms of re-identification and of persons' rights without a home: one doctor, everything kept in memory, every identifier that came in remembered."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from audit import Receipt
from governance.errors import InvalidQuery
from governance.identity.reidentification import checked_case, refusal
from governance.terms import Actor
from wenshu.persons_room import Told
from wenshu.subject_room import Done, Subject

PERSON = "H1-FAKEFAKEFAKEFAKE-7"
MOBILE = "13900001234"
EXTRACTS = {"searched": 2, "files": [{"file": "inbox/crm_hcp.csv", "lines": 1, "lines_with_the_name_only": 0}], "not_read": []}
_RECEIPT = Receipt(event="ev-1", index=7, checkpoint="fake")


class FakePersons:
    """`compliance` asks and approves; nobody approves the own request."""

    def __init__(self, may: Callable[[Actor], bool]) -> None:
        self._may = may
        self.made: dict[str, dict[str, Any]] = {}

    def purposes(self, actor: Actor) -> list[str]:
        return ["compliance_audit"] if self._may(actor) else []

    def may_approve(self, actor: Actor) -> bool:
        return self._may(actor)

    def requests(self, actor: Actor) -> list[dict[str, Any]]:
        return [item | {"mine": item["requester"] == actor.id} for item in self.made.values()]

    def request(self, actor: Actor, pseudonym: str, *, case: str, purpose: str) -> Told:
        case = checked_case(case)
        if pseudonym != PERSON:
            raise InvalidQuery("that is no pseudonym: one looks like H1-…")
        return self.put(actor.id, case, purpose)

    def put(self, requester: str, case: str = "CASE-1", purpose: str = "compliance_audit", state: str = "requested") -> Told:
        name = f"r{len(self.made) + 1}"
        self.made[name] = {
            "id": name, "state": state, "person": PERSON, "entity": "hcp", "case": case, "purpose": purpose, "requester": requester,
            "requested_at": "2026-11-15T09:00:00+08:00", "expires_at": "2026-11-18T09:00:00+08:00", "approver": None, "decided_at": None, "revealed_at": None,
        }  # fmt: skip
        return Told(receipt=_RECEIPT, request=self.made[name])

    def decide(self, actor: Actor, request_id: str, *, approved: bool) -> Told:
        made = self._known(request_id)
        if made["requester"] == actor.id:
            return Told(receipt=_RECEIPT, refusal=refusal("two_persons", "申请人不能审批自己的申请。", "The requester can't approve.", rule="two_persons"))
        made |= {"state": "approved" if approved else "denied", "approver": actor.id}
        return Told(receipt=_RECEIPT, request=made)

    def reveal(self, actor: Actor, request_id: str, *, unmasked: bool) -> Told:
        made = self._known(request_id)
        if made["requester"] != actor.id or made["state"] != "approved":
            return Told(receipt=_RECEIPT, refusal=refusal("used", "该申请已使用。", "The request was used.", rule="single_use"))
        made["state"] = "revealed"
        return Told(receipt=_RECEIPT, request=made, identity={"mobile": [MOBILE if unmasked else "139****1234"]}, masked=not unmasked)

    def _known(self, request_id: str) -> dict[str, Any]:
        if request_id not in self.made:
            raise InvalidQuery("there is no re-identification request with this id")
        return self.made[request_id]


class FakeSubjects:
    """Knows one doctor by one mobile number, until erased."""

    def __init__(self, may: Callable[[Actor], bool]) -> None:
        self._may = may
        self.acts: list[tuple[str, str | None, Any]] = []
        self.erased = False

    def may(self, actor: Actor) -> bool:
        return self._may(actor)

    def channels(self) -> list[str]:
        return ["微信", "邮件"]

    def purposes(self) -> list[dict[str, Any]]:
        return [{"id": "market_analysis", "label": {"zh": "市场分析", "en": "Market analysis"}}]

    def access(self, actor: Actor, subject: Subject, *, case: str) -> Done:
        return self._done("access", subject, case, None, {
            "status": "held", "made_at": "2026-11-15T09:00:00+08:00", "label": {"zh": "个人信息", "en": "personal information"}, "person": {"entity": "hcp", "pseudonym": PERSON},
            "identity": {"mobile": {"values": [MOBILE], "corrected": False, "sources": ["crm_hcp"]}}, "records": {"fct_touch": {"count": 31, "sources": ["crm_visits"], "rows": [{"channel": "微信"}]}},
            "rows_by_source": {}, "consent_acts": [{"at": "2026-11-01T09:00:00+08:00", "purpose": "market_analysis", "channel": None, "act": "granted", "notice": None, "notice_version": None}],
            "notices": [], "purposes": [{"id": "market_analysis", "label": {"zh": "市场分析", "en": "Market analysis"}, "basis": None}], "retention": [],
            "answers": {"count": 2, "events": [{"time": "2026-11-14T09:00:00+08:00", "department": "marketing", "purpose": "market_analysis", "metrics": ["touches"], "group_by": [], "index": 3, "role": "marketing", "judged_by": "attributes_unknown"}] * 2, "pruned": []},
            "words": {"tables": {"fct_touch": {"zh": "与您的互动", "en": "Contacts with you"}}, "columns": {"fct_touch": {"channel": {"zh": "渠道", "en": "Channel"}}}, "extracts": {}, "metrics": {}, "dimensions": {}, "roles": {}},
        })  # fmt: skip

    def correct(self, actor: Actor, subject: Subject, values: Mapping[str, str], *, case: str) -> Done:
        return self._done("correct", subject, case, dict(values), {"status": "corrected", "person": PERSON, "fields": sorted(values)})

    def withdraw(self, actor: Actor, subject: Subject, purposes: Sequence[str], *, channel: str | None, case: str) -> Done:
        effects = dict.fromkeys(purposes, "2026-11-22T00:00:00+08:00")
        document = {"status": "withdrawn", "person": PERSON, "channel": channel, "withdrawn_at": "2026-11-15T09:00:00+08:00", "purposes": list(purposes), "effective_at": effects}
        return self._done("withdraw", subject, case, (tuple(purposes), channel), document)

    def erase(self, actor: Actor, subject: Subject, *, case: str, dry_run: bool = False) -> Done:
        if dry_run:
            return self._done("look", subject, case, None, {"status": "would_erase", "person": PERSON, "rows": {"fct_touch": 31}, "identity_fields": ["mobile"], "words": {}, "extracts": EXTRACTS})
        document = {
            "status": "erased", "certificate": "c0ffee", "sha256": "ab" * 32, "removed": {"warehouse_rows": {"fct_touch": 31}, "links": 0, "kept_answers": 0, "vault": ""},
            "kept": {"tombstones": 3, "why": ""}, "proof": {"warehouse_columns_searched": 9, "rows_left": 0, "identifiers_that_still_find_somebody": 0, "data_key_left": False, "ledger_verifies": True}, "extracts": EXTRACTS,
        }  # fmt: skip
        done = self._done("erase", subject, case, None, document)
        self.erased = True
        return done

    def _done(self, act: str, subject: Subject, case: str, what: Any, document: dict[str, Any]) -> Done:
        case = checked_case(case)
        if self.erased or (subject.text or PERSON) not in {MOBILE, PERSON}:
            return Done(document={"status": "nothing_held", "case": case, "erased_before": self.erased}, receipt=_RECEIPT)
        self.acts.append((act, subject.pseudonym, what))
        return Done(document=document | {"case": case}, receipt=_RECEIPT)
