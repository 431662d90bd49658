"""Correcting: identity fields in the vault, attributes in the register; what is corrected stands over later extracts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from governance.errors import InvalidQuery, nearest
from governance.identity.normalise import normaliser
from governance.identity.standing import FORMER, IN_VAULT, correct, with_corrections
from governance.identity.vault import Person
from governance.rights.rewriting import alone
from wenshu.subject.desk import Done, Meant, Subject, SubjectDesk

if TYPE_CHECKING:
    from governance.identity.vault import Vault
    from governance.terms import Actor

NAMES = ("mobile", "email", "license", "unionid", "crm_id")


def correct_person(desk: SubjectDesk, actor: Actor, subject: Subject, values: Mapping[str, str], case: str) -> Done:
    """Correct what `values` names. All of it or nothing."""
    if not values:
        raise InvalidQuery("nothing to correct was given; write a line such as title=主任医师 or mobile=… for each")
    with alone(desk.home.ingest), desk.identities.vault() as vault:
        directory = desk.identities.directory()
        who, erased = desk.find(vault, directory, subject)
        if who is None:
            return desk.nobody(actor, "correct", case, erased=erased)
        in_vault, in_table, table = _sorted(desk, who, values)
        _owned_by_nobody_else(vault, who, in_vault)
        receipt = desk.record(actor, "subject.correct", case, who, fields=sorted(values))
        now = desk.local()
        with vault.changing() as connection:
            if in_vault:
                correct(vault, connection, who.uid, IN_VAULT, in_vault, case_number=case, now=now, random=desk.random)
            if in_table:
                correct(vault, connection, who.uid, table, {name: [value] for name, value in in_table.items()}, case_number=case, now=now, random=desk.random)
        if in_vault:
            fields = vault.open_fields(who.uid)
            said = {(name.removeprefix(FORMER), value) for name, given in fields.items() if name != "name" for value in given}
            indexed = sorted(pair for pair in said if vault.find(who.entity, *pair) == who.uid)
            vault.enroll(who.entity, [with_corrections(Person(uid=who.uid, fields=fields, indexed=indexed), {name: list(given) for name, given in in_vault.items()})], now=now, random=desk.random)
        if in_table:
            desk.settle(vault)
        return Done(document={"status": "corrected", "case": case, "person": who.shown_as, "fields": sorted(values)}, receipt=receipt)


def _sorted(desk: SubjectDesk, who: Meant, values: Mapping[str, str]) -> tuple[dict[str, Sequence[str]], dict[str, str], str]:
    schema = desk.identities.schema
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
            in_table[name] = _known_value(desk, table, name, columns[name], given)
        else:
            raise InvalidQuery(f"{name!r} can't be corrected here.{nearest(name, [*NAMES, 'name', *columns])} Fields: {', '.join([*NAMES, 'name', *columns])}; events are corrected in the system that they come from.")
    return in_vault, in_table, table


def _known_value(desk: SubjectDesk, table: str, name: str, kind: str, given: str) -> str:
    if kind == "flag":
        meant = {"是": "true", "true": "true", "yes": "true", "1": "true", "否": "false", "false": "false", "no": "false", "0": "false"}.get(given.strip().lower())
        if meant is None:
            raise InvalidQuery(f"{name} is yes or no; nothing was changed")
        return meant
    import duckdb

    with duckdb.connect(str(desk.home.warehouse), read_only=True) as connection:
        known = {row[0] for row in connection.execute(f'SELECT DISTINCT "{name}" FROM "{table}" WHERE "{name}" IS NOT NULL').fetchall()}  # noqa: S608 (names of the schema)
    if given.strip() not in known:
        raise InvalidQuery(f"{name} has no such value in the warehouse.{nearest(given.strip(), known)} Nothing was changed.")
    return given.strip()


def _owned_by_nobody_else(vault: Vault, who: Meant, values: Mapping[str, Sequence[str]]) -> None:
    for kind, given in values.items():
        for value in given:
            if kind != "name" and (owner := vault.find(who.entity, kind, value)) is not None and owner != who.uid:
                raise InvalidQuery(f"the new {kind} belongs to another person in the vault; settle which one is right first. Nothing was changed")
