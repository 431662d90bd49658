"""Retention in one home: what is due by the bundle's clocks, and taking it, with a certificate and an entry in the ledger."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
from collections.abc import Callable, Iterable, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from audit import Event, Ledger
from audit.shredding import PersonKeys
from governance.documents.identity import RetentionDocument, RetentionRule
from governance.identity.handovers import merged_away
from governance.identity.standing import bury, unname
from governance.rights.changed import note_state
from governance.rights.erasing import erase_from_warehouse
from governance.rights.retention import checked, due, idle, take
from governance.rights.rewriting import alone, rewrite
from wenshu.accounts import Accounts
from wenshu.home import Home
from wenshu.identities import Identities
from wenshu.subject.elsewhere import forget_elsewhere


class RetentionRoom:
    """The clocks. `today` is the day by which they are read; `answers(texts)` forgets kept answers that hold one of the texts. For the machine's owner."""

    def __init__(
        self,
        *,
        home: Home,
        identities: Identities,
        ledger: Ledger,
        accounts: Accounts,
        zone: str,
        clock: Callable[[], dt.datetime],
        today: Callable[[], dt.date],
        purposes: Callable[[], Iterable[str]],
        answers: Callable[[Sequence[str]], int],
    ) -> None:
        self._accounts, self._purposes, self._answers = accounts, purposes, answers
        self._home, self._identities, self._ledger = home, identities, ledger
        self._zone, self._clock, self._today = ZoneInfo(zone), clock, today

    def _rules(self) -> list[RetentionRule]:
        said = [rule for read in self._identities.bundle().of("retention", RetentionDocument) for rule in read.document.rules]
        return checked(said, self._identities.schema)

    def _now(self) -> dt.datetime:
        return dt.datetime.combine(self._today(), dt.time())

    def show(self) -> list[dict[str, Any]]:
        """Every rule with what it would take today."""
        rules, now = self._rules(), self._now()
        there = self._home.warehouse.exists()
        rows = due(self._home.warehouse, rules, now=now) if there else {}
        schema = self._identities.schema
        persons = {rule.id: len(idle(self._home.warehouse, schema, rule, now=now)) for rule in rules if rule.entity is not None and there}
        return [
            {"id": rule.id, "about": rule.table or rule.entity, "months": rule.months, "act": rule.act, "due": rows.get(rule.id, persons.get(rule.id, 0)), "reason": {"zh": rule.reason.zh, "en": rule.reason.en}}
            for rule in rules
        ]

    def run(self) -> dict[str, Any]:
        """Take what is due. Nothing due changes nothing and leaves no certificate."""
        with alone(self._home.ingest):
            rules, now, schema = self._rules(), self._now(), self._identities.schema
            if not any(item["due"] for item in self.show()):
                return {"status": "nothing_due"}
            certificate = os.urandom(8).hex()
            self._record("retention.begun", {"certificate": certificate})
            taken: dict[str, int] = {}
            version = f"{self._clock().astimezone(self._zone):%Y%m%dT%H%M%S}-{os.urandom(3).hex()}"
            if any(due(self._home.warehouse, rules, now=now).values()):
                with self._identities.vault() as vault:
                    rewrite(
                        self._home.warehouse,
                        version,
                        lambda connection: taken.update(take(connection, rules, self._home.restricted, now=now)),
                        look=lambda fresh: note_state(vault, schema, self._home.warehouse, fresh, version),
                    )
            for rule in rules:
                if rule.entity is not None:
                    taken[rule.id] = self._forget(rule, now, certificate)
            document = {"certificate": certificate, "made_at": self._clock().astimezone(self._zone).isoformat(timespec="seconds"), "taken": taken, "rules": [rule.id for rule in rules], "warehouse": sorted(schema.tables)}
            text = json.dumps(document, ensure_ascii=False, sort_keys=True, indent=1) + "\n"
            digest = hashlib.sha256(text.encode()).hexdigest()
            folder = self._home.root / "certificates"
            folder.mkdir(mode=0o700, exist_ok=True)
            with os.fdopen(os.open(folder / f"retention-{certificate}.json", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as stream:
                stream.write(text)
            self._record("retention.done", {"certificate": certificate, "sha256": digest, "taken": taken})
        return {"status": "done", **document, "sha256": digest}

    def _forget(self, rule: RetentionRule, now: dt.datetime, certificate: str) -> int:
        entity, schema = rule.entity or "", self._identities.schema
        keys = idle(self._home.warehouse, schema, rule, now=now)
        if not keys:
            return 0
        directory, version = self._identities.directory(), f"{now:%Y%m%dT%H%M%S}-{os.urandom(3).hex()}"
        owners = directory.owners(entity)
        gone = sorted({owners[key] for key in keys if key in owners})
        with self._identities.vault() as vault:
            behind = sorted({earlier for owner in gone for earlier in merged_away(vault, owner)} - {*gone})
            people = {owner: directory.forms(entity, owner, self._purposes()) for owner in (*gone, *behind)}
            forget_elsewhere(self._home, vault, entity, people, version=version, accounts=self._accounts, answers=self._answers)
            with vault.engine.begin() as connection:
                for owner in behind:
                    unname(vault, connection, owner)
                for owner in gone:
                    bury(vault, connection, owner, certificate)
            sealed = PersonKeys(self._home.person_keys)
            for owner in (*gone, *behind):
                sealed.shred(owner)  # what the ledger says of them
            # The rows go last: by them an interrupted act finds the same persons again.
            erase_from_warehouse(
                self._home.warehouse, schema, entity, keys, version=version, noted=lambda fresh: note_state(vault, schema, self._home.warehouse, fresh, version)
            )
        return len(keys)

    def _record(self, kind: str, detail: dict[str, object]) -> None:
        self._ledger.append(Event(type=kind, actor="local_admin", detail=detail))
