"""Seeing: everything held on one person, as one document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from audit.search import Reader
from governance.documents.extracts import Mapping as ExtractMapping
from governance.documents.identity import IdentityDocument, RetentionDocument
from governance.identity.consents import notice_for
from governance.identity.handovers import merged_away
from governance.identity.states import Stood, stood_then
from governance.rights import holding
from governance.rights.changed import link_tables, state_of
from governance.rights.replay import Replay
from wenshu.subject.desk import Done, Meant, Subject, SubjectDesk, words
from wenshu.subject.wording import wording

if TYPE_CHECKING:
    from governance.identity.directory import Directory
    from governance.identity.vault import Vault
    from governance.terms import Actor


def access(desk: SubjectDesk, actor: Actor, subject: Subject, case: str) -> Done:
    """Everything held on a person. Nobody found: `nothing_held`, which is an answer too."""
    with desk.identities.vault() as vault:
        directory = desk.identities.directory()
        who, erased = desk.find(vault, directory, subject)
        if who is None:
            return desk.nobody(actor, "access", case, erased=erased)
        receipt = desk.record(actor, "subject.access", case, who)
        return Done(document=held(desk, vault, directory, who, case), receipt=receipt)


def held(desk: SubjectDesk, vault: Vault, directory: Directory, who: Meant, case: str) -> dict[str, Any]:
    """Everything held on a person, from which source, under which basis, and the answers that it could have taken part in."""
    active, bundle, schema = desk.active(), desk.identities.bundle(), desk.identities.schema
    mappings = [read.document for read in bundle.of("extracts", ExtractMapping)]
    inner = directory.inner(who.entity, who.uid)
    replay, reader = _replay(desk, vault, directory, who), Reader(desk.home.ledger)
    answers = list(replay.answers(reader))
    today = desk.local().date()
    notices = [notice for read in bundle.of("identity", IdentityDocument) for notice in read.document.notices]
    purposes = []
    for name, purpose in active.policy.purposes.items():
        notice = notice_for(notices, name, None, today)
        basis = purpose.legal_basis or (notice.basis if notice is not None else None)
        purposes.append({"id": name, "label": words(purpose.label.text()), "basis": None if basis is None else words(basis.text())})
    retention = [rule for read in bundle.of("retention", RetentionDocument) for rule in read.document.rules]
    document = {
        "status": "held",
        "made_at": desk.clock().astimezone(desk.zone).isoformat(timespec="seconds"),
        "case": case,
        "label": {"zh": "个人信息", "en": "personal information"},
        "person": {"entity": who.entity, "pseudonym": who.shown_as},
        "identity": holding.identity_held(vault, who.uid, who.entity, schema, mappings),
        "records": holding.records_held(desk.home.warehouse, directory, who.uid, who.entity, schema, mappings)
        | holding.restricted_held(desk.home.restricted, directory, who.uid, who.entity, schema, mappings),
        "rows_by_source": holding.rows_by_source(desk.home.ingest, inner),
        "consent_acts": holding.consents_held(vault, who.uid, desk.moment),
        "notices": [{"id": item.id, "version": item.version, "from": item.effective_from.isoformat(), "text": words(item.text.text())} for item in notices],
        "purposes": purposes,
        "retention": [{"id": rule.id, "table": rule.table, "months": rule.months, "act": rule.act, "reason": words(rule.reason.text())} for rule in retention],
        "answers": {"count": len(answers), "events": answers, "pruned": replay.pruned(reader)},
    }
    return document | {"words": wording(active, schema, mappings, document)}


def _replay(desk: SubjectDesk, vault: Vault, directory: Directory, who: Meant) -> Replay:
    """The ledger's questions, judged for one person. Who isn't in the register now has no attributes to judge by."""
    schema = desk.identities.schema
    now = state_of(desk.home.warehouse)
    registered = bool(holding.attributes(desk.home.warehouse, schema, who.entity, directory.inner(who.entity, who.uid)))

    def stood(version: str | None) -> Stood:
        found = stood_then(vault, who.uid, version, now=now)
        return found if registered else Stood(attributes=False, rows=found.rows)

    return Replay(
        desk.active(),
        directory,
        who.entity,
        who.uid,
        desk.attribute,
        stood=stood,
        meant=desk.meant,
        linked=link_tables(schema),
        earlier=merged_away(vault, who.uid),
    )
