"""A doctor's own rights in one home: what is held, where it took part, correcting, withdrawing, erasing; each act with its case and its entry in the ledger.

Whoever acts for a doctor needs the purpose `subject_request`. Identifiers come in as text, are looked up by blind index, and go nowhere else.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from audit import Event, Ledger, Receipt, verify
from audit.search import Reader
from governance.documents.extracts import Mapping as ExtractMapping
from governance.documents.identity import IdentityDocument, RetentionDocument
from governance.errors import InvalidQuery, nearest
from governance.identity.consents import ConsentAct, declare, notice_for
from governance.identity.directory import Directory
from governance.identity.normalise import normaliser
from governance.identity.reidentification import checked_case, refusal
from governance.identity.standing import FORMER, IN_VAULT, correct, with_corrections
from governance.identity.vault import Person, Vault
from governance.inforce import Active
from governance.rights import erasing, holding
from governance.rights.finding import find
from governance.rights.replay import Replay
from governance.rights.rewriting import alone, rewrite
from governance.rights.settling import apply, standing
from governance.terms import Actor, Refusal, Text
from wenshu.accounts import Accounts, UnknownUser
from wenshu.home import Home
from wenshu.identities import Identities
from wenshu.persons_room import find_person

PURPOSE = holding.PURPOSE
NAMES = ("mobile", "email", "license", "unionid", "crm_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Who is meant: `text` an identifier as typed (with its `kind`, if known), or `pseudonym`. Its text form shows nothing."""

    text: str | None = None
    kind: str | None = None
    pseudonym: str | None = None

    def __repr__(self) -> str:
        return "Subject(…)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Meant:
    """A person found, or nobody."""

    entity: str
    uid: str
    shown_as: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What became of an act: its document, or the refusal; always with its receipt."""

    document: Mapping[str, Any]
    receipt: Receipt
    refusal: Refusal | None = None

    def to_json(self) -> dict[str, Any]:
        """The document of `wenshu subject … --json`."""
        receipt = {"event": self.receipt.event, "index": self.receipt.index, "checkpoint": self.receipt.checkpoint}
        if self.refusal is None:
            return {**self.document, "receipt": receipt}
        no = self.refusal
        told = {"code": no.code, "message": f"{no.message.zh} {no.message.en}", "rule": no.rule, "you_may": [f"{text.zh} {text.en}" for text in no.you_may]}
        return {"status": "refused", "refusal": told, "receipt": receipt}


class SubjectRoom:
    """The rights of persons. `clock` gives aware times, `random(n)` n random bytes; `forget(texts)` removes kept answers that hold one of the texts."""

    def __init__(
        self,
        *,
        home: Home,
        identities: Identities,
        active: Callable[[], Active],
        ledger: Ledger,
        accounts: Accounts,
        zone: str,
        clock: Callable[[], dt.datetime],
        random: Callable[[int], bytes],
        forget: Callable[[Sequence[str]], int],
    ) -> None:
        self._home, self._identities, self._active, self._ledger, self._accounts = home, identities, active, ledger, accounts
        self._zone, self._clock, self._random, self._forget = ZoneInfo(zone), clock, random, forget

    def may(self, actor: Actor) -> bool:
        """Whether the caller acts for persons at all."""
        return self._may(actor) is None

    def channels(self) -> list[str]:
        """The channels for which a withdrawal can be meant alone; empty where the bundle names none."""
        found = self._active().catalogue.dimensions.get("channel")
        return [] if found is None else [str(item.value) for item in found.values]

    def purposes(self) -> list[dict[str, Any]]:
        """Every purpose as `id` and `label`, for which a consent could be withdrawn."""
        return [{"id": name, "label": _words(purpose.label.text())} for name, purpose in self._active().policy.purposes.items()]

    # ------------------------------------------------------------------ access

    def access(self, actor: Actor, subject: Subject, *, case: str) -> Done:
        """Everything held on a person, as one document. Nobody found: `nothing_held`, which is an answer too."""
        case, no = checked_case(case), self._may(actor)
        if no is not None:
            return self._refused(actor, "access", no, case)
        with self._identities.vault() as vault:
            directory = self._identities.directory()
            who, erased = self._find(vault, directory, subject)
            if who is None:
                return self._nobody(actor, "access", case, erased=erased)
            receipt = self._record(actor, "subject.access", case, who.shown_as)
            return Done(document=self._held(vault, directory, who, case), receipt=receipt)

    def _held(self, vault: Vault, directory: Directory, who: Meant, case: str) -> dict[str, Any]:
        active, bundle, schema = self._active(), self._identities.bundle(), self._identities.schema
        mappings = [read.document for read in bundle.of("extracts", ExtractMapping)]
        inner = directory.inner(who.entity, who.uid)
        replay = Replay(active, directory, who.entity, who.uid, self._attribute)
        answers = list(replay.answers(Reader(self._home.ledger)))
        today = self._local().date()
        notices = [notice for read in bundle.of("identity", IdentityDocument) for notice in read.document.notices]
        purposes = []
        for name, purpose in active.policy.purposes.items():
            notice = notice_for(notices, name, None, today)
            basis = purpose.legal_basis or (notice.basis if notice is not None else None)
            purposes.append({"id": name, "label": _words(purpose.label.text()), "basis": None if basis is None else _words(basis.text())})
        retention = [rule for read in bundle.of("retention", RetentionDocument) for rule in read.document.rules]
        return {
            "status": "held",
            "made_at": self._clock().astimezone(self._zone).isoformat(timespec="seconds"),
            "case": case,
            "label": {"zh": "个人信息", "en": "personal information"},
            "person": {"entity": who.entity, "pseudonym": who.shown_as},
            "identity": holding.identity_held(vault, who.uid, who.entity, schema, mappings),
            "records": holding.records_held(self._home.warehouse, directory, who.uid, who.entity, schema, mappings),
            "rows_by_source": holding.rows_by_source(self._home.ingest, inner),
            "consent_acts": holding.consents_held(vault, who.uid, self._moment),
            "notices": [{"id": item.id, "version": item.version, "from": item.effective_from.isoformat(), "text": _words(item.text.text())} for item in notices],
            "purposes": purposes,
            "retention": [{"id": rule.id, "table": rule.table, "months": rule.months, "act": rule.act, "reason": _words(rule.reason.text())} for rule in retention],
            "answers": {"count": len(answers), "events": answers},
        }

    # ------------------------------------------------------------------ correct

    def correct(self, actor: Actor, subject: Subject, values: Mapping[str, str], *, case: str) -> Done:
        """Correct identity fields or attributes; what is corrected stands over later extracts. All of it or nothing."""
        case, no = checked_case(case), self._may(actor)
        if no is not None:
            return self._refused(actor, "correct", no, case)
        if not values:
            raise InvalidQuery("nothing to correct was given; write a line such as title=主任医师 or mobile=… for each")
        with alone(self._home.ingest), self._identities.vault() as vault:
            directory = self._identities.directory()
            who, erased = self._find(vault, directory, subject)
            if who is None:
                return self._nobody(actor, "correct", case, erased=erased)
            in_vault, in_table, table = self._sorted(who, values)
            self._owned_by_nobody_else(vault, who, in_vault)
            receipt = self._record(actor, "subject.correct", case, who.shown_as, fields=sorted(values))
            now = self._local()
            with vault.changing() as connection:
                if in_vault:
                    correct(vault, connection, who.uid, IN_VAULT, in_vault, case_number=case, now=now, random=self._random)
                if in_table:
                    correct(vault, connection, who.uid, table, {name: [value] for name, value in in_table.items()}, case_number=case, now=now, random=self._random)
            if in_vault:
                fields = vault.open_fields(who.uid)
                said = {(name.removeprefix(FORMER), value) for name, given in fields.items() if name != "name" for value in given}
                indexed = sorted(pair for pair in said if vault.find(who.entity, *pair) == who.uid)
                vault.enroll(who.entity, [with_corrections(Person(uid=who.uid, fields=fields, indexed=indexed), {name: list(given) for name, given in in_vault.items()})], now=now, random=self._random)
            if in_table:
                self._settle(vault)
            return Done(document={"status": "corrected", "case": case, "person": who.shown_as, "fields": sorted(values)}, receipt=receipt)

    def _sorted(self, who: Meant, values: Mapping[str, str]) -> tuple[dict[str, Sequence[str]], dict[str, str], str]:
        schema = self._identities.schema
        table = next((name for name, kind in schema.tables.items() if kind.register_of == who.entity), "")
        columns = {name: kind.type for name, kind in schema.tables[table].columns.items() if kind.type in {"text", "flag"}} if table else {}
        in_vault: dict[str, Sequence[str]] = {}
        in_table: dict[str, str] = {}
        for name, given in values.items():
            if name in NAMES or name == "name":
                value = normaliser(name)(given)
                if value is None:
                    raise InvalidQuery(f"the new {name} can't be read as one; nothing was changed")
                in_vault[name] = [value]
            elif name in columns:
                in_table[name] = self._known_value(table, name, columns[name], given)
            else:
                raise InvalidQuery(f"{name!r} can't be corrected here.{nearest(name, [*NAMES, 'name', *columns])} Fields: {', '.join([*NAMES, 'name', *columns])}; events are corrected in the system that they come from.")
        return in_vault, in_table, table

    def _known_value(self, table: str, name: str, kind: str, given: str) -> str:
        if kind == "flag":
            meant = {"是": "true", "true": "true", "yes": "true", "1": "true", "否": "false", "false": "false", "no": "false", "0": "false"}.get(given.strip().lower())
            if meant is None:
                raise InvalidQuery(f"{name} is yes or no; nothing was changed")
            return meant
        import duckdb

        with duckdb.connect(str(self._home.warehouse), read_only=True) as connection:
            known = {row[0] for row in connection.execute(f'SELECT DISTINCT "{name}" FROM "{table}" WHERE "{name}" IS NOT NULL').fetchall()}  # noqa: S608 (names of the schema)
        if given.strip() not in known:
            raise InvalidQuery(f"{name} has no such value in the warehouse.{nearest(given.strip(), known)} Nothing was changed.")
        return given.strip()

    @staticmethod
    def _owned_by_nobody_else(vault: Vault, who: Meant, values: Mapping[str, Sequence[str]]) -> None:
        for kind, given in values.items():
            for value in given:
                if kind != "name" and (owner := vault.find(who.entity, kind, value)) is not None and owner != who.uid:
                    raise InvalidQuery(f"the new {kind} belongs to another person in the vault; settle which one is right first. Nothing was changed")

    # ------------------------------------------------------------------ withdraw

    def withdraw(self, actor: Actor, subject: Subject, purposes: Sequence[str], *, channel: str | None, case: str) -> Done:
        """Record a withdrawal for purposes (none named: all that notices or consents speak of); it takes effect with the others of its batch."""
        case, no = checked_case(case), self._may(actor)
        if no is not None:
            return self._refused(actor, "withdraw", no, case)
        known = self._active().policy.purposes
        for name in purposes:
            if name not in known:
                raise InvalidQuery(f"unknown purpose {name!r}.{nearest(name, known)} Purposes: {', '.join(known)}.")
        channels = self.channels()
        if channel is not None and channels and channel not in channels:
            raise InvalidQuery(f"unknown channel {channel!r}.{nearest(channel, channels)} Channels: {', '.join(channels)}.")
        with alone(self._home.ingest), self._identities.vault() as vault:
            directory = self._identities.directory()
            who, erased = self._find(vault, directory, subject)
            if who is None:
                return self._nobody(actor, "withdraw", case, erased=erased)
            meant = list(purposes) or self._consented(directory, who)
            if not meant:
                raise InvalidQuery("there is no consent to withdraw and no notice that asks for one; name the purposes with --purpose")
            receipt = self._record(actor, "subject.withdraw", case, who.shown_as, purposes=meant, channel=channel)
            now = self._local().replace(microsecond=0)
            notices = [notice for read in self._identities.bundle().of("identity", IdentityDocument) for notice in read.document.notices]
            done = []
            for name in meant:
                notice = notice_for(notices, name, channel, now.date())
                done.append(
                    ConsentAct(
                        uid=who.uid,
                        purpose=name,
                        channel=channel,
                        act="withdrawn",
                        notice=None if notice is None else notice.id,
                        notice_version=None if notice is None else notice.version,
                        at=now,
                        recorded_by=actor.id,
                        case_number=case,
                    )
                )
            with vault.engine.begin() as connection:
                declare(connection, done)
            if channel is None:
                self._settle(vault)
            effects = self._effects(directory, who, meant) if channel is None else {}
            document = {"status": "withdrawn", "case": case, "person": who.shown_as, "channel": channel, "withdrawn_at": self._moment(now), "purposes": meant, "effective_at": effects}
            return Done(document=document, receipt=receipt)

    def _consented(self, directory: Directory, who: Meant) -> list[str]:
        rows = self._consent_rows(directory, who)
        named = {purpose for read in self._identities.bundle().of("identity", IdentityDocument) for notice in read.document.notices for purpose in notice.purposes}
        return [name for name in self._active().policy.purposes if name in named or any(row["purpose"] == name and row["withdrawn_at"] is None for row in rows)]

    def _consent_rows(self, directory: Directory, who: Meant) -> list[dict[str, Any]]:
        import duckdb

        inner, schema = directory.inner(who.entity, who.uid), self._identities.schema
        found: list[dict[str, Any]] = []
        with duckdb.connect(str(self._home.warehouse), read_only=True) as connection:
            for table, key in holding.keyed(schema, who.entity):
                if schema.tables[table].consent:
                    cursor = connection.execute(f'SELECT purpose, granted_at, withdrawn_at, effective_at FROM "{table}" WHERE "{key}" = ?', [inner])  # noqa: S608 (names of the schema)
                    names = [column[0] for column in cursor.description or ()]
                    found += [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        return found

    def _effects(self, directory: Directory, who: Meant, purposes: Sequence[str]) -> dict[str, str | None]:
        rows = self._consent_rows(directory, who)
        return {name: self._moment(max((row["effective_at"] for row in rows if row["purpose"] == name and row["effective_at"]), default=None)) for name in purposes}

    def _settle(self, vault: Vault) -> None:
        schema, now = self._identities.schema, self._local()
        found = standing(vault, schema, self._home.warehouse, now=now)
        batch = self._active().policy.largest_group()
        rewrite(self._home.warehouse, self._version(now), lambda connection: apply(connection, found, schema, smallest_batch=batch))

    # ------------------------------------------------------------------ erase

    def erase(self, actor: Actor, subject: Subject, *, case: str, dry_run: bool = False) -> Done:
        """Erase a person from both stores and prove it. The certificate is kept in `certificates/`, without anything personal."""
        case, no = checked_case(case), self._may(actor)
        if no is not None:
            return self._refused(actor, "erase", no, case)
        with alone(self._home.ingest), self._identities.vault() as vault:
            directory, schema = self._identities.directory(), self._identities.schema
            who, erased = self._find(vault, directory, subject)
            if who is None:
                return self._nobody(actor, "erase", case, erased=erased)
            forms = directory.forms(who.entity, who.uid, self._active().policy.purposes)
            inner = [key for key, purpose in forms.items() if purpose == "warehouse"]
            if dry_run:
                receipt = self._record(actor, "subject.erase", case, who.shown_as, dry_run=True)
                rows = erasing.count_rows(self._home.warehouse, schema, who.entity, inner)
                return Done(document={"status": "would_erase", "case": case, "person": who.shown_as, "rows": rows, "identity_fields": sorted(vault.open_fields(who.uid))}, receipt=receipt)
            self._record(actor, "subject.erase", case, who.shown_as)
            now, certificate = self._local(), self._random(8).hex()
            identifiers = [(name.removeprefix(FORMER), value) for name, values in vault.open_fields(who.uid).items() if name != "name" for value in values]
            rows, searched = erasing.erase_from_warehouse(self._home.warehouse, schema, who.entity, inner, version=self._version(now))
            links = erasing.erase_links(self._home.ingest, inner)
            kept_out = erasing.erase_identity(vault, who.uid, certificate)
            answers = self._forget([key for key, purpose in forms.items() if purpose != "warehouse"])
            found_again = sum(vault.find(who.entity, kind, value) == who.uid for kind, value in identifiers)
            report = verify(self._home.ledger, self._ledger.vkey, self._home.checkpoint, now=self._clock())
            document = {
                "certificate": certificate,
                "made_at": self._clock().astimezone(self._zone).isoformat(timespec="seconds"),
                "case": case,
                "entity": who.entity,
                "removed": {"warehouse_rows": rows, "links": links, "kept_answers": answers, "vault": "data key shredded, fields and blind indexes deleted"},
                "kept": {"tombstones": kept_out, "why": "blind indexes that lead to nobody and keep the person out of later loads"},
                "proof": {
                    "warehouse_columns_searched": searched,
                    "rows_left": sum(erasing.count_rows(self._home.warehouse, schema, who.entity, inner).values()),
                    "identifiers_that_still_find_somebody": found_again,
                    "data_key_left": vault.entity_of(who.uid) is not None,
                    "ledger_verifies": report.ok,
                },
                "not_reached": ["extracts in the systems that they come from", "backups made before; let them expire, or erase again after a restore"],
            }
            text = json.dumps(document, ensure_ascii=False, sort_keys=True, indent=1) + "\n"
            digest = hashlib.sha256(text.encode()).hexdigest()
            self._keep(f"erasure-{certificate}.json", text)
            receipt = self._ledger.append(
                Event(
                    type="subject.erased",
                    actor=actor.id,
                    role=actor.role,
                    department=actor.department,
                    purpose=PURPOSE,
                    decision="allow",
                    detail={"certificate": certificate, "sha256": digest, "case": case, "rows": sum(rows.values()), "via": actor.via},
                )
            )
            return Done(document={"status": "erased", **document, "sha256": digest}, receipt=receipt)

    def _keep(self, name: str, text: str) -> None:
        folder = self._home.root / "certificates"
        folder.mkdir(mode=0o700, exist_ok=True)
        handle = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())

    # ------------------------------------------------------------------ helpers

    def _may(self, actor: Actor) -> Refusal | None:
        role = self._active().policy.roles.get(actor.role)
        if role is not None and PURPOSE in role.purposes:
            return None
        return refusal(
            "purpose_not_allowed",
            "只有可以处理“个人请求”的角色（合规部）才能执行。",
            "Only roles with the purpose “subject_request” (compliance) act on a person's rights.",
            rule="purposes_of_role",
            you_may=(Text(zh="联系合规部", en="Ask compliance"),),
        )

    def _find(self, vault: Vault, directory: Directory, subject: Subject) -> tuple[Meant | None, bool]:
        if subject.pseudonym is not None:
            found = find_person(directory, subject.pseudonym, self._active().policy.purposes)
            return Meant(entity=found.entity, uid=found.uid, shown_as=directory.released(found.entity, found.uid, PURPOSE)), False
        whom = find(vault, directory.entities, subject.text or "", kind=subject.kind)
        if whom.uid is None or whom.entity is None:
            return None, whom.erased
        return Meant(entity=whom.entity, uid=whom.uid, shown_as=directory.released(whom.entity, whom.uid, PURPOSE)), False

    def _attribute(self, user: str, name: str) -> str | None:
        try:
            return self._accounts.get(user).attributes.get(name)
        except UnknownUser:
            return None

    def _nobody(self, actor: Actor, act: str, case: str, *, erased: bool) -> Done:
        receipt = self._record(actor, f"subject.{act}", case, None, found=False)
        return Done(document={"status": "nothing_held", "case": case, "erased_before": erased}, receipt=receipt)

    def _record(self, actor: Actor, kind: str, case: str, person: str | None, **more: object) -> Receipt:
        detail = {"case": case, "person": person, "via": actor.via, **more}
        return self._ledger.append(
            Event(type=kind, actor=actor.id, role=actor.role, department=actor.department, purpose=PURPOSE, decision="allow", detail=detail)
        )

    def _refused(self, actor: Actor, act: str, no: Refusal, case: str) -> Done:
        detail = {"code": no.code, "rule": no.rule, "act": act, "case": case, "via": actor.via}
        receipt = self._ledger.append(
            Event(type="subject.refused", actor=actor.id, role=actor.role, department=actor.department, purpose=PURPOSE, decision="refuse", detail=detail)
        )
        return Done(document={}, receipt=receipt, refusal=no)

    def _version(self, now: dt.datetime) -> str:
        return f"{now:%Y%m%dT%H%M%S}-{self._random(3).hex()}"

    def _local(self) -> dt.datetime:
        return self._clock().astimezone(self._zone).replace(tzinfo=None)

    def _moment(self, at: dt.datetime | None) -> str | None:
        return None if at is None else at.replace(tzinfo=self._zone).isoformat(timespec="seconds")


def _words(text: Text) -> dict[str, str]:
    return {"zh": text.zh, "en": text.en}



