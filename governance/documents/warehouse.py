"""`warehouse/schema.yaml`: the star schema that ingest fills, and the entities whose keys are pseudonyms."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from governance.documents.base import Document, Label, Name

ColumnType = Literal["text", "integer", "number", "money", "flag", "date", "month", "time", "key", "id"]
"""`number` is a binary fraction, `money` an exact amount with two decimals; `flag` is boolean, `month` a date that is a month's first day, `time` a local timestamp; `key` is the pseudonym of an entity,
`id` the pseudonym of a source row."""


class EntityKind(Document):
    """Something that has a key of its own in the warehouse.

    A `person`'s identifiers go to the vault and the key is made from a random UID; a `thing`'s key is made from its first identifier.
    `prefix` begins every key. `place` names the key column by which a person without a strong identifier is matched together with
    the name, `traits` the columns that narrow such a match; without `place` there is no matching by name.
    """

    kind: Literal["person", "thing"]
    prefix: Annotated[str, Field(pattern=r"^[A-Z]$")]
    place: Name | None = None
    traits: tuple[Name, ...] = ()


class ColumnKind(Document):
    """One column: its type, the entity of a key, and whether a row may lack it."""

    type: ColumnType
    of: Name | None = None
    required: bool = False

    @model_validator(mode="after")
    def _keys_have_entities(self) -> ColumnKind:
        if (self.type == "key") != (self.of is not None):
            message = "a column of type key names its entity with `of`, and no other column does"
            raise ValueError(message)
        return self


def _typed(value: object) -> object:
    return {"type": value} if isinstance(value, str) else value


class TableKind(Document):
    """One table. `unique` are the columns of which no two rows share the values; `register` names the entity that the table lists."""

    columns: dict[Name, Annotated[ColumnKind, BeforeValidator(_typed, json_schema_input_type=ColumnKind | ColumnType)]]
    unique: tuple[Name, ...] = ()
    register_of: Name | None = None
    consent: bool = False
    """The table holds consents: `granted_at`, `withdrawn_at` and the derived `effective_at` (domain.md section 5)."""
    consent_for: Name | None = None
    """The column whose single values the consents of this table are for (`channel`); none: they are for the whole purpose."""


class SchemaWords(Document):
    """What people call tables and columns, for a person's own copy. A column's words hold in every table; `table.column` in that one."""

    tables: dict[Name, Label] = {}
    columns: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)?$")], Label] = {}


class WarehouseSchema(Document):
    """The whole star schema."""

    format: Literal[1]
    entities: dict[Name, EntityKind]
    tables: dict[Name, TableKind]
    words: SchemaWords = SchemaWords()

    @model_validator(mode="after")
    def _names_exist(self) -> WarehouseSchema:
        for name, table in self.tables.items():
            for column, kind in table.columns.items():
                if kind.of is not None and kind.of not in self.entities:
                    message = f"{name}.{column} is a key of {kind.of!r}, which is no entity"
                    raise ValueError(message)
            for column in table.unique:
                if column not in table.columns:
                    message = f"{name}: unique names the column {column!r}, which the table lacks"
                    raise ValueError(message)
            if table.consent_for is not None and (not table.consent or table.consent_for not in table.columns):
                message = f"{name}: consent_for names one of the columns of a table with `consent: true`"
                raise ValueError(message)
            if table.register_of is not None and self.key_column(name, table.register_of) is None:
                message = f"{name}: is the register of {table.register_of!r} but has no key column of it"
                raise ValueError(message)
        for said in self.words.tables:
            if said not in self.tables:
                message = f"words: {said!r} is no table"
                raise ValueError(message)
        known = {column for table in self.tables.values() for column in table.columns} | {f"{name}.{column}" for name, table in self.tables.items() for column in table.columns}
        for said in self.words.columns:
            if said not in known:
                message = f"words: {said!r} is no column of any table"
                raise ValueError(message)
        return self

    def key_column(self, table: str, entity: str) -> str | None:
        """The column of `table` that is the key of `entity`, or None."""
        return next((name for name, kind in self.tables[table].columns.items() if kind.of == entity), None)
