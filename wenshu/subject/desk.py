"""What every act of a person's rights shares: who is meant, who may act, the ledger's word, and the stores it works on."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from audit import Event, Ledger, Receipt
from audit.shredding import PersonKeys
from governance.bundle.loading import load_bundle
from governance.bundle.store import BundleStore
from governance.bundle.trees import laid_out
from governance.errors import WenshuError
from governance.identity.directory import Directory
from governance.identity.reidentification import refusal
from governance.identity.vault import Vault
from governance.inforce import Active, catalogue_of
from governance.metrics.catalogue import Catalogue
from governance.rights import holding
from governance.rights.changed import note_state
from governance.rights.finding import find
from governance.rights.rewriting import rewrite
from governance.rights.settling import apply, standing
from governance.terms import Actor, Refusal, Text
from wenshu.accounts import Accounts, UnknownUser
from wenshu.home import Home
from wenshu.identities import Identities
from wenshu.persons_room import find_person

PURPOSE = holding.PURPOSE


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


def words(text: Text) -> dict[str, str]:
    """Both languages, as documents carry them."""
    return {"zh": text.zh, "en": text.en}


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectDesk:
    """The home's stores and ways. `clock` gives aware times, `random(n)` n random bytes; `forget(texts)` removes kept answers that hold one of the texts."""

    home: Home
    identities: Identities
    active: Callable[[], Active]
    ledger: Ledger
    accounts: Accounts
    zone: ZoneInfo
    clock: Callable[[], dt.datetime]
    random: Callable[[int], bytes]
    forget: Callable[[Sequence[str]], int]

    def may(self, actor: Actor) -> Refusal | None:
        """The refusal, or None for whoever acts for persons."""
        role = self.active().policy.roles.get(actor.role)
        if role is not None and PURPOSE in role.purposes:
            return None
        return refusal(
            "purpose_not_allowed",
            "只有可以处理“个人请求”的角色（合规部）才能执行。",
            "Only roles with the purpose “subject_request” (compliance) act on a person's rights.",
            rule="purposes_of_role",
            you_may=(Text(zh="联系合规部", en="Ask compliance"),),
        )

    def find(self, vault: Vault, directory: Directory, subject: Subject) -> tuple[Meant | None, bool]:
        """Who is meant, or nobody; and whether somebody of that identifier was erased before."""
        if subject.pseudonym is not None:
            found = find_person(directory, subject.pseudonym, self.active().policy.purposes)
            return Meant(entity=found.entity, uid=found.uid, shown_as=directory.released(found.entity, found.uid, PURPOSE)), False
        whom = find(vault, directory.entities, subject.text or "", kind=subject.kind)
        if whom.uid is None or whom.entity is None:
            return None, whom.erased
        return Meant(entity=whom.entity, uid=whom.uid, shown_as=directory.released(whom.entity, whom.uid, PURPOSE)), False

    def attribute(self, user: str, name: str) -> str | None:
        """An account's attribute of today; None where there is no such account any more."""
        try:
            return self.accounts.get(user).attributes.get(name)
        except UnknownUser:
            return None

    def meant(self, bundle: str) -> Catalogue | None:
        """The catalogue of a bundle that was in force once, by its content hash; None where it isn't kept or can't be read any more."""
        try:
            with laid_out(BundleStore.open(self.home.policy, self.clock).tree(bundle)) as folder:
                return catalogue_of(load_bundle(folder))
        except WenshuError:
            return None

    def nobody(self, actor: Actor, act: str, case: str, *, erased: bool) -> Done:
        """Record and tell that nothing is held."""
        receipt = self.record(actor, f"subject.{act}", case, None, found=False)
        return Done(document={"status": "nothing_held", "case": case, "erased_before": erased}, receipt=receipt)

    @property
    def keys(self) -> PersonKeys:
        """The keys with which the ledger's fields about persons are sealed."""
        return PersonKeys(self.home.person_keys)

    def record(self, actor: Actor, kind: str, case: str, who: Meant | None, **more: object) -> Receipt:
        """Write the act into the ledger, before it has an effect. Whom it is about is sealed, so that it can be erased with the person."""
        person = None if who is None else self.keys.seal(who.uid, who.shown_as)
        detail = {"case": case, "person": person, "via": actor.via, **more}
        return self.ledger.append(
            Event(type=kind, actor=actor.id, role=actor.role, department=actor.department, purpose=PURPOSE, decision="allow", detail=detail)
        )

    def refused(self, actor: Actor, act: str, no: Refusal, case: str) -> Done:
        """Record and tell a refusal."""
        detail = {"code": no.code, "rule": no.rule, "act": act, "case": case, "via": actor.via}
        receipt = self.ledger.append(
            Event(type="subject.refused", actor=actor.id, role=actor.role, department=actor.department, purpose=PURPOSE, decision="refuse", detail=detail)
        )
        return Done(document={}, receipt=receipt, refusal=no)

    def version(self, now: dt.datetime) -> str:
        """A new name for a warehouse file that an act rewrites."""
        return f"{now:%Y%m%dT%H%M%S}-{self.random(3).hex()}"

    def local(self) -> dt.datetime:
        """The local time, as the warehouse writes it."""
        return self.clock().astimezone(self.zone).replace(tzinfo=None)

    def moment(self, at: dt.datetime | None) -> str | None:
        """A local time with its offset, as documents tell it."""
        return None if at is None else at.replace(tzinfo=self.zone).isoformat(timespec="seconds")

    def keep(self, name: str, text: str) -> None:
        """Keep a certificate, durable before it is told."""
        folder = self.home.root / "certificates"
        folder.mkdir(mode=0o700, exist_ok=True)
        handle = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())

    def settle(self, vault: Vault) -> None:
        """Apply to the warehouse what stands over every load."""
        schema, now = self.identities.schema, self.local()
        found = standing(vault, schema, self.home.warehouse, now=now)
        batch, version = self.active().policy.largest_group(), self.version(now)
        rewrite(
            self.home.warehouse,
            version,
            lambda connection: apply(connection, found, schema, smallest_batch=batch),
            look=lambda fresh: note_state(vault, schema, self.home.warehouse, fresh, version),
        )
