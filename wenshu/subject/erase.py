"""Erasing: a person goes from both stores, a tombstone stays, and a certificate without anything personal proves it."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from audit import Event, verify
from audit.shredding import left
from governance.identity.handovers import merged_away
from governance.identity.standing import FORMER, unname
from governance.rights import erasing
from governance.rights.changed import note_state
from governance.rights.rewriting import alone
from wenshu.subject.desk import PURPOSE, Done, Subject, SubjectDesk
from wenshu.subject.elsewhere import forget_elsewhere, stores_that_tell
from wenshu.subject.extracts_left import still_naming
from wenshu.subject.wording import table_words

if TYPE_CHECKING:
    from governance.terms import Actor

ABOUT_PERSONS = ("subject.", "identity.")
"""Events of these types say whom they are about."""
TELLING = 6
"""Shorter identifiers, such as a small company's numbers of doctors, stand in any text by chance."""


def erase(desk: SubjectDesk, actor: Actor, subject: Subject, case: str, *, dry_run: bool = False) -> Done:
    """Erase a person and prove it. The certificate is kept in `certificates/`."""
    with alone(desk.home.ingest), desk.identities.vault() as vault:
        directory, schema = desk.identities.directory(), desk.identities.schema
        who, erased = desk.find(vault, directory, subject)
        if who is None:
            return desk.nobody(actor, "erase", case, erased=erased)
        purposes, earlier = desk.active().policy.purposes, merged_away(vault, who.uid)
        people = {uid: directory.forms(who.entity, uid, purposes) for uid in (who.uid, *earlier)}
        forms = {form: purpose for told in people.values() for form, purpose in told.items()}
        inner = [key for key, purpose in forms.items() if purpose == "warehouse"]
        fields = [vault.open_fields(uid) for uid in people]
        identifiers = [(name.removeprefix(FORMER), value) for held in fields for name, values in held.items() if name != "name" for value in values]
        called = {value for held in fields for value in held.get("name", ())}
        if dry_run:
            receipt = desk.record(actor, "subject.erase", case, who, dry_run=True)
            rows = erasing.count_rows(desk.home.warehouse, schema, who.entity, inner)
            document = {"status": "would_erase", "case": case, "person": who.shown_as, "rows": rows, "identity_fields": sorted(fields[0]), "words": table_words(schema, rows)}
            return Done(document=document | {"extracts": still_naming(desk.home, identifiers, called).to_json()}, receipt=receipt)
        desk.record(actor, "subject.erase", case, who)
        now, certificate = desk.local(), desk.random(8).hex()
        version = desk.version(now)
        rows, searched = erasing.erase_from_warehouse(
            desk.home.warehouse, schema, who.entity, inner, version=version, noted=lambda fresh: note_state(vault, schema, desk.home.warehouse, fresh, version)
        )
        gone = forget_elsewhere(desk.home, vault, who.entity, people, version=version, accounts=desk.accounts, answers=desk.forget)
        for uid in earlier:
            desk.keys.shred(uid)
            with vault.engine.begin() as connection:
                unname(vault, connection, uid)
        kept_out = erasing.erase_identity(vault, who.uid, certificate)
        released = [key for key, purpose in forms.items() if purpose != "warehouse"]
        shredded = desk.keys.shred(who.uid)
        sealed_with = None if shredded is None else shredded.key
        said = left(desk.home.ledger, desk.keys, sealed_with, released, ABOUT_PERSONS)
        sealed = {"key_destroyed": sealed_with, "entries": said.sealed}
        stores, telling = stores_that_tell(desk.home.root, [*people, *forms, *(value for _, value in identifiers if len(value) >= TELLING)])
        found_again = sum(vault.find(who.entity, kind, value) == who.uid for kind, value in identifiers)
        report = verify(desk.home.ledger, desk.ledger.vkey, desk.home.checkpoint, now=desk.clock())
        document = {
            "certificate": certificate,
            "made_at": desk.clock().astimezone(desk.zone).isoformat(timespec="seconds"),
            "case": case,
            "entity": who.entity,
            "removed": {
                "warehouse_rows": rows,
                **gone.to_json(),
                "vault": "data key shredded, fields and blind indexes deleted",
                "earlier_entries": len(earlier),
                "ledger": sealed,
            },
            "kept": {"tombstones": kept_out, "why": "blind indexes that lead to nobody and keep the person out of later loads"},
            "proof": {
                "warehouse_columns_searched": searched,
                "store_tables_searched": stores,
                "store_tables_that_name_the_person": telling,
                "rows_left": sum(erasing.count_rows(desk.home.warehouse, schema, who.entity, inner).values()),
                "identifiers_that_still_find_somebody": found_again,
                "data_key_left": any(vault.entity_of(uid) is not None for uid in people),
                "ledger_key_left": shredded is not None and shredded.key_left,
                "ledger_entries_that_still_open": said.open,
                "ledger_entries_written_unsealed": said.plain,
                "ledger_verifies": report.ok,
            },
            "extracts": still_naming(desk.home, identifiers, called).to_json()
            | {"why": "extracts are the company's own: they may still name the person here and in the systems that they come from; the tombstones keep the person out of every load of them"},
            "not_reached": ["extracts and the systems that they come from", "backups made before; let them expire, or erase again after a restore"],
        }
        text = json.dumps(document, ensure_ascii=False, sort_keys=True, indent=1) + "\n"
        digest = hashlib.sha256(text.encode()).hexdigest()
        desk.keep(f"erasure-{certificate}.json", text)
        receipt = desk.ledger.append(
            Event(
                type="subject.erased",
                actor=actor.id,
                role=actor.role,
                department=actor.department,
                purpose=PURPOSE,
                decision="allow",
                detail={"certificate": certificate, "sha256": digest, "case": case, "rows": sum(rows.values()), "shredded": sealed, "via": actor.via},
            )
        )
        return Done(document={"status": "erased", **document, "sha256": digest}, receipt=receipt)
