"""The registers that the law asks for, made from the rules in force and the ledger: processing activities, impact assessments, processors, transfers, incidents.

An assessment counts once an officer has signed exactly its text (`assessment.signed`, with the text's SHA-256); an incident is `incident.opened`, its words kept outside the ledger.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from audit.search import Filter, Reader
from governance.bundle.loading import Bundle
from governance.documents.access import AccessDocument
from governance.documents.extracts import Mapping as Extract
from governance.documents.identity import IdentityDocument, RetentionDocument
from governance.documents.review import Assessment, ReviewDocument
from governance.documents.warehouse import WarehouseSchema
from governance.errors import InvalidQuery
from governance.terms import Actor, Text
from wenshu.desk.door import Door
from wenshu.desk.filters import read_filter, sayable
from wenshu.desk.four_eyes import FourEyes
from wenshu.desk.notes import Notes

SIGNED, OPENED = "assessment.signed", "incident.opened"
CERTIFIED, ASSESSED, SENSITIVE = 100_000, 1_000_000, 10_000
"""Persons counted since 1 January from which a standard contract or certification, and from which a security assessment is needed; with sensitive information, an assessment from
10,000 and a contract or certification below (Provisions on promoting and regulating cross-border data flows, CAC Order 16 of 2024-03-22, articles 5, 7 and 8; the same numbers in
guideline 15 annexed to CAC Order 18, which was read). Critical infrastructure and important data have rules of their own, and flows may be exempt (articles 3 to 6)."""
STRENGTH = {"exempt": 0, "certification": 1, "standard_contract": 1, "security_assessment": 2}
"""How much each basis of a transfer allows."""


def text_hash(assessment: Assessment) -> str:
    """What a signature is about: every word and the coverage of an assessment."""
    plain = json.dumps(assessment.model_dump(mode="json"), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(plain.encode()).hexdigest()


def signatures(reader: Reader) -> dict[str, Mapping[str, Any]]:
    """The signatures of assessments in the ledger by the hash of the text, the newest of each."""
    found: dict[str, Mapping[str, Any]] = {}
    after = None
    while True:
        page = reader.search(Filter(type=(SIGNED,)), after=after, limit=1000)
        for event in page.events:
            body = event.body
            found.setdefault(str(body["detail"].get("text_sha256")), body)
        after = page.after
        if after is None:
            return found


def unsigned(before: Bundle, after: Bundle, reader: Reader) -> list[Assessment]:
    """Return the assessments of `after` that nobody signed as they stand and that cover something that its activation would begin or change.

    What stands in force already with the same words, purposes and extracts goes on: an assessment blocks the activation that it covers, not every other one.
    """
    signed = signatures(reader)
    old = {text_hash(item) for item in _assessments_of(before)}
    begun = _covered(after).items() - _covered(before).items()
    changed = {name for name, _ in begun}
    return [
        item
        for item in _assessments_of(after)
        if text_hash(item) not in signed and (text_hash(item) not in old or changed & {*item.purposes, *item.extracts})
    ]


def _assessments_of(bundle: Bundle) -> list[Assessment]:
    return [item for read in bundle.of("review", ReviewDocument) for item in read.document.assessments]


def _covered(bundle: Bundle) -> dict[str, str]:
    """Purposes and extracts of a bundle with what they say."""
    purposes = {purpose.id: purpose.model_dump_json() for read in bundle.of("access", AccessDocument) for purpose in read.document.purposes}
    return purposes | {read.document.extract: read.document.model_dump_json() for read in bundle.of("extracts", Extract)}


class Registers:
    """The registers of one home. `drafts` gives the bundles that wait for activation, so that their assessments can be signed before."""

    def __init__(self, door: Door, notes: Notes, eyes: FourEyes, *, bundle: Callable[[], Bundle], drafts: Callable[[], Sequence[Bundle]]) -> None:
        self._door, self._notes, self._eyes, self._bundle, self._drafts = door, notes, eyes, bundle, drafts

    def look(self, actor: Actor) -> dict[str, Any]:
        """Return every register, recorded."""
        self._door.enter(actor, "registers")
        return self.told()

    def told(self) -> dict[str, Any]:
        """Return `activities`, `assessments`, `processors`, `transfers`, `incidents`; the caller has entered."""
        bundle = self._bundle()
        reviews = [read.document for read in bundle.of("review", ReviewDocument)]
        return {
            "activities": self._activities(bundle),
            "assessments": self._assessments(bundle),
            "processors": [
                item.model_dump(mode="json") | {"label": item.label.text(), "purpose": item.purpose.text(), "expired": item.contract_until is not None and item.contract_until < self._door.today()}
                for review in reviews
                for item in review.processors
            ],
            "transfers": _transfers(reviews),
            "incidents": self._incidents(),
        }

    # ------------------------------------------------------------------ processing activities (PIPL 55, 56; audit measures)

    def _activities(self, bundle: Bundle) -> list[dict[str, Any]]:
        access = [read.document for read in bundle.of("access", AccessDocument)]
        notices = [notice for read in bundle.of("identity", IdentityDocument) for notice in read.document.notices]
        kept = {rule.table: rule.months for read in bundle.of("retention", RetentionDocument) for rule in read.document.rules if rule.table}
        since = self._door.quarter()
        used = dict(self._door.reader.count_by("purpose", Filter(type=("outcome",), since=since)))
        loads = self._door.reader.count(Filter(type=("ingest.ended",), since=since))
        extracts = [read.document for read in bundle.of("extracts", Extract)]
        things = {
            column  # what identifies a thing (a hospital's name) is no personal information
            for read in bundle.of("warehouse", WarehouseSchema)
            for table in read.document.tables.values()
            for column, kind in table.columns.items()
            if kind.of is not None and read.document.entities[kind.of].kind == "thing"
        }
        collected = [
            {
                "id": f"collect.{extract.extract}",
                "label": extract.title.text() if extract.title else Text(zh=extract.extract, en=extract.extract),
                "classes": sorted({kind for key, identifiers in extract.keys.items() if key not in things for kind in identifiers}),
                "who": [Text(zh="数据工程", en="Data engineering")],
                "basis": extract.basis.text() if extract.basis else None,
                "kept": _longest([kept[load.table] for load in extract.load if load.table in kept]),
                "used": loads,
            }
            for extract in extracts
        ]
        asked = [
            {
                "id": f"use.{purpose.id}",
                "label": purpose.label.text(),
                "classes": ["pseudonym"],
                "who": [role.label.text() for document in access for role in document.roles if purpose.id in role.purposes],
                "basis": purpose.legal_basis.text()
                if purpose.legal_basis
                else next((notice.basis.text() for notice in reversed(notices) if purpose.id in notice.purposes and notice.basis), None),
                "kept": None,
                "used": used.get(purpose.id, 0),
            }
            for document in access
            for purpose in document.purposes
        ]
        return [*collected, *asked]

    # ------------------------------------------------------------------ impact assessments

    def _assessments(self, bundle: Bundle) -> list[dict[str, Any]]:
        signed = signatures(self._door.reader)
        found: dict[str, dict[str, Any]] = {}
        for where, here in [("in_force", bundle), *(("draft", draft) for draft in self._drafts())]:
            for read in here.of("review", ReviewDocument):
                for item in read.document.assessments:
                    key = text_hash(item)
                    body = signed.get(key, {})
                    found.setdefault(
                        key,
                        {
                            "key": key,
                            "id": item.id,
                            "where": where,
                            "label": item.label.text(),
                            "covers": [*item.purposes, *item.extracts],
                            "need": item.need.text(),
                            "risks": item.risks.text(),
                            "measures": item.measures.text(),
                            "assessed_on": item.assessed_on.isoformat(),
                            "signed_by": body.get("actor"),
                            "signed_at": body.get("time"),
                        },
                    )
        return list(found.values())

    def sign_assessment(self, actor: Actor, assessment: str) -> None:
        """Sign the assessment whose text has this hash. Raises InvalidQuery for one that isn't there or is signed."""
        self._door.enter(actor, "assessment")
        found = next((item for item in self._assessments(self._bundle()) if item["key"] == assessment), None)
        if found is None:
            raise InvalidQuery("there is no assessment with this text; it may have been changed since you read it")
        if found["signed_by"]:
            raise InvalidQuery("this assessment is signed already")
        self._door.record(actor, SIGNED, {"assessment": found["id"], "case": f"pipia-{found['id']}", "text_sha256": assessment})

    # ------------------------------------------------------------------ incidents

    def open_incident(self, actor: Actor, *, title: str, filters: Mapping[str, str]) -> str:
        """Open an incident over the events of a filter; returns its event. Raises InvalidQuery without a title or filter."""
        words = self._notes.checked(title)
        if not words:
            raise InvalidQuery("an incident has a title; nothing was recorded")
        if not filters:
            raise InvalidQuery("say what the incident reaches: a person, a session or a time; nothing was recorded")
        wanted = read_filter(filters, self._door.zone)
        self._door.enter(actor, "incident")
        self._eyes.insist(actor, "incident", filters, sayable(filters, self._door))
        detail = {"filters": sayable(filters, self._door), "events": self._door.reader.count(wanted), "words_sha256": hashlib.sha256(words.encode()).hexdigest()}
        receipt = self._door.record(actor, OPENED, detail)
        self._notes.keep(receipt.event, words)
        return receipt.event

    def _incidents(self) -> list[dict[str, Any]]:
        events = self._door.reader.search(Filter(type=(OPENED,)), limit=1000).events
        bodies = [event.body for event in events]
        words = self._notes.words(body["id"] for body in bodies)
        return [
            {"id": body["id"], "at": body["time"], "by": body["actor"], "title": words.get(body["id"], "—"), "filters": body["detail"]["filters"], "radius": self.radius(body["detail"]["filters"])}
            for body in bodies
        ]

    def radius(self, filters: Mapping[str, str]) -> dict[str, Any]:
        """Return the blast radius of a filter: `events`, `people`, `departments`, `metrics`, `classes`, `rows` released, identities `revealed`."""
        wanted = read_filter(filters, self._door.zone)
        reader = self._door.reader
        counted = reader.facets(wanted, ["actor", "department", "metrics", "classes", "type"])
        rows, after = 0, None
        while True:
            page = reader.search(wanted, after=after, limit=1000)
            rows += sum(int(event.body["detail"].get("rows") or 0) for event in page.events if event.body["type"] == "outcome")
            after = page.after
            if after is None:
                break
        types = dict(counted["type"])
        return {
            "events": sum(types.values()),
            "people": len(counted["actor"]),
            "departments": [name for name, _ in counted["department"] if name],
            "metrics": [name for name, _ in counted["metrics"] if name],
            "classes": [name for name, _ in counted["classes"] if name],
            "rows": rows,
            "revealed": types.get("identity.revealed", 0),
        }


def _longest(months: Sequence[int]) -> Text | None:
    return Text(zh=f"{max(months)} 个月", en=f"{max(months)} months") if months else None


def _transfers(reviews: Sequence[ReviewDocument]) -> dict[str, Any]:
    flows = [flow for review in reviews for flow in review.transfers]
    counted = [flow for flow in flows if flow.basis != "exempt"]
    persons, sensitive = sum(flow.persons_this_year for flow in counted), sum(flow.sensitive_persons_this_year for flow in counted)
    ordinary = persons - sensitive  # the numbers for ordinary information leave sensitive information out
    if ordinary >= ASSESSED or sensitive >= SENSITIVE:
        needed, says = 2, Text(zh="已达须申报安全评估的人数（跨境规定第七条）。", en="This many needs a security assessment (cross-border provisions, article 7).")
    elif ordinary >= CERTIFIED or sensitive:
        needed, says = 1, Text(zh="须订立标准合同或通过认证（跨境规定第八条）。", en="This many needs a standard contract or a certification (cross-border provisions, article 8).")
    else:
        needed, says = 0, Text(zh="登记范围内未达须评估、订立标准合同或认证的人数（跨境规定第五条）。", en="Below the numbers that need an assessment, a contract or a certification, as far as registered (cross-border provisions, article 5).")
    short = [flow.id for flow in counted if STRENGTH[flow.basis] < needed]
    return {
        "flows": [flow.model_dump(mode="json") | {"label": flow.label.text(), "short": flow.id in short} for flow in flows],
        "persons": persons,
        "sensitive": sensitive,
        "exempt": sum(flow.persons_this_year for flow in flows if flow.basis == "exempt"),
        "short": short,
        "says": says,
    }
