"""The mapping documents of a bundle, read together with the schema that they fill; every mistake is named with its file and line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from governance.documents.classification import ClassificationDocument
from governance.documents.extracts import Codes, LeftOut, Linking, Load, Mapping, Value
from governance.documents.reading import Read, read
from governance.documents.settings import Settings
from governance.documents.warehouse import WarehouseSchema
from governance.errors import BundleError, IngestError, Problem, nearest
from governance.ingest.profile import Classes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CODES = "codes.yaml"
LINKING = "linking.yaml"
LEFT_OUT = "left-out.yaml"
"""No extract can have this name: theirs have no dash."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a bundle says about loading: the schema, the extracts in the order in which they load, code lists, thresholds of linking, the zone."""

    schema: WarehouseSchema
    mappings: tuple[Mapping, ...]
    codes: dict[str, dict[str, Any]]
    zone: str
    linking: Linking
    classes: Classes

    def register_of(self, entity: str) -> Mapping | None:
        """The extract that lists the entity."""
        table = self.register_table(entity)
        return next((mapping for mapping in self.mappings if any(load.table == table for load in mapping.load)), None)

    def register_table(self, entity: str) -> str | None:
        """The table that lists the entity."""
        return next((name for name, table in self.schema.tables.items() if table.register_of == entity), None)


def load_plan(bundle: Path, *, unmapped: bool = False, more: Path | None = None) -> Plan:
    """Read `warehouse/schema.yaml` and `extracts/*.yaml` of a bundle, or raise BundleError with every problem found.

    `unmapped` says that a bundle without mappings is fine: they are about to be proposed. `more` is a folder with mappings and classifications of the
    house's own stewards, which count like the bundle's; its `extracts/left-out.yaml` names extracts of the bundle that this house doesn't have.
    """
    schema = read(bundle / "warehouse" / "schema.yaml", WarehouseSchema, bundle).document
    settings = read(bundle / "bundle.yaml", Settings, bundle).document if (bundle / "bundle.yaml").exists() else None
    folder = bundle / "extracts"
    paths = sorted(path for path in folder.glob("*.yaml") if path.name not in {CODES, LINKING}) if folder.is_dir() else []
    own = more / "extracts" if more is not None else None
    confirmed = sorted(path for path in own.glob("*.yaml") if path.name != LEFT_OUT) if own is not None and own.is_dir() else []
    left_out = left_out_of(more)
    if not paths and not confirmed and not unmapped:
        message = "the bundle has no extracts/*.yaml: write a mapping for each extract (docs/reference/extracts.md)"
        raise IngestError(message)
    problems: list[Problem] = []
    codes: dict[str, dict[str, Any]] = {}
    if (folder / CODES).exists():
        codes = dict(read(folder / CODES, Codes, bundle).document.codes)
    linking = Linking(format=1)
    if (folder / LINKING).exists():
        linking = read(folder / LINKING, Linking, bundle).document
    reads: list[Read[Mapping]] = []
    for path in paths:
        try:
            found = read(path, Mapping, bundle)
        except BundleError as error:
            problems += error.problems
            continue
        if found.document.extract not in left_out:
            reads.append(found)
    for path in confirmed:
        try:
            reads.append(read(path, Mapping, more or bundle))
        except BundleError as error:
            problems += error.problems
    for item in reads:
        problems += _problems(item, schema, codes)
    problems += _registers(reads, schema)
    if problems:
        raise BundleError(problems)
    ordered = sorted((item.document for item in reads), key=lambda mapping: (_rank(mapping, schema), mapping.extract))
    return Plan(
        schema=schema,
        mappings=tuple(ordered),
        codes=codes,
        zone=settings.timezone if settings else "Asia/Shanghai",
        linking=linking,
        classes=classes_of(bundle, more),
    )


def left_out_of(more: Path | None) -> frozenset[str]:
    """The extracts of the bundle that a house's stewards said it doesn't have. Raises BundleError."""
    path = more / "extracts" / LEFT_OUT if more is not None else None
    return frozenset(read(path, LeftOut, more).document.extracts) if path is not None and more is not None and path.exists() else frozenset()


def classes_of(bundle: Path, more: Path | None = None) -> Classes:
    """The bundle's classification, `classification/*.yaml`, and then the stewards'; none is fine, what is found is then told by the strictest reading."""
    folders = [folder for folder in (bundle, more) if folder is not None and (folder / "classification").is_dir()]
    return Classes.of(read(path, ClassificationDocument, folder).document for folder in folders for path in sorted((folder / "classification").glob("*.yaml")))


def _rank(mapping: Mapping, schema: WarehouseSchema) -> int:
    """Registers of things load first, then registers of persons, then what refers to them."""
    ranks = {"thing": 0, "person": 1}
    entities = [entity for load in mapping.load if (entity := schema.tables[load.table].register_of)]
    return min((ranks[schema.entities[entity].kind] for entity in entities), default=2)


def _registers(reads: list[Read[Mapping]], schema: WarehouseSchema) -> Iterator[Problem]:
    seen: dict[str, str] = {}
    for item in reads:
        names = [load.table for load in item.document.load]
        for table in dict.fromkeys(names):
            if schema.tables.get(table) is None or schema.tables[table].register_of is None:
                continue
            if table in seen:
                yield Problem(
                    where=item.where("load"),
                    message=f"{table} is already the register that {seen[table]} loads; one extract lists an entity",
                )
            seen[table] = item.file
    names_seen: dict[str, str] = {}
    for item in reads:
        if item.document.extract in names_seen:
            yield Problem(
                where=item.where("extract"),
                message=f"the extract {item.document.extract!r} is also described in {names_seen[item.document.extract]}",
            )
        names_seen[item.document.extract] = item.file


def _problems(item: Read[Mapping], schema: WarehouseSchema, codes: dict[str, dict[str, Any]]) -> Iterator[Problem]:
    mapping = item.document
    key_columns = {
        name: column.of for table in schema.tables.values() for name, column in table.columns.items() if column.of
    }
    for group in ("keys", "former"):
        for key, identifiers in getattr(mapping, group).items():
            if key not in key_columns:
                message = f"{key!r} is no key column of warehouse/schema.yaml.{nearest(key, key_columns)}"
                yield Problem(where=item.where(group, key), message=message)
                continue
            person = schema.entities[key_columns[key] or ""].kind == "person"
            for kind in identifiers:
                if person == (kind == "code"):
                    wanted = (
                        "crm_id, license, unionid, email, mobile, employee, account_…, name" if person else "code, name"
                    )
                    if person or kind not in {"code", "name"}:
                        yield Problem(
                            where=item.where(group, key, kind),
                            message=f"{kind!r} doesn't identify a {key_columns[key]}; use {wanted}",
                        )
    for trait, value in mapping.traits.items():
        yield from _value_problems(item, value, codes, ("traits", trait))
    for index, load in enumerate(mapping.load):
        yield from _load_problems(item, index, load, schema, codes)


def _load_problems(
    item: Read[Mapping], index: int, load: Load, schema: WarehouseSchema, codes: dict[str, dict[str, Any]]
) -> Iterator[Problem]:
    kind = schema.tables.get(load.table)
    if kind is None:
        yield Problem(
            where=item.where("load", index, "table"),
            message=f"{load.table!r} is no table of warehouse/schema.yaml.{nearest(load.table, schema.tables)}",
        )
        return
    for name, value in load.fields.items():
        where = item.where("load", index, "fields", name)
        column = kind.columns.get(name)
        if column is None:
            yield Problem(where=where, message=f"{load.table} has no column {name!r}.{nearest(name, kind.columns)}")
            continue
        if column.type == "key":
            yield Problem(
                where=where, message=f"{name} is a pseudonym: say under `keys` what identifies it, not under `fields`"
            )
        if (column.type == "id") != (value.id is not None):
            yield Problem(where=where, message=f"{name}: `id` is for columns of type id, and they take nothing else")
        if value.lookup is not None:
            yield from _lookup_problems(where, value.lookup, kind.columns.values(), schema)
        yield from _value_problems(item, value, codes, ("load", index, "fields", name))
    for name, column in kind.columns.items():
        sourced = name in item.document.keys if column.type == "key" else name in load.fields
        if column.required and not sourced:
            wanted = "keys" if column.type == "key" else "fields"
            yield Problem(
                where=item.where("load", index),
                message=f"{load.table}.{name} is required: say under `{wanted}` where it comes from",
            )


def _lookup_problems(where: str, lookup: str, columns: Any, schema: WarehouseSchema) -> Iterator[Problem]:
    table, name = lookup.split(".")
    target = schema.tables.get(table)
    if target is None or target.register_of is None or name not in target.columns:
        known = [f"{t}.{c}" for t, spec in schema.tables.items() if spec.register_of for c in spec.columns]
        yield Problem(where=where, message=f"look-up {lookup!r} is no column of a register.{nearest(lookup, known)}")
    elif not any(column.of == target.register_of for column in columns):
        yield Problem(where=where, message=f"look-up {lookup!r} needs a key of {target.register_of} in the same table")


def _value_problems(
    item: Read[Mapping], value: Value, codes: dict[str, dict[str, Any]], path: tuple[str | int, ...]
) -> Iterator[Problem]:
    if isinstance(value.map, str) and value.map not in codes:
        yield Problem(
            where=item.where(*path),
            message=f"{value.map!r} is no code list of extracts/codes.yaml.{nearest(value.map, codes)}",
        )
