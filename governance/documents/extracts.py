"""`extracts/*.yaml`: which column of which file is what. One document an extract, beside `codes.yaml` with the shared code lists.

The format is described with examples in `docs/reference/extracts.md`.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from governance.documents.base import NAME_PATTERN, Document, Label, Name
from governance.errors import nearest

Column = Annotated[str, Field(min_length=1)]
"""A column of the extract, by its header."""
Scalar = str | int | float | bool
IDENTIFIER_PATTERN = r"^(crm_id|mobile|email|license|unionid|employee|code|name|account_[a-z0-9_]+)$"


def _identifier_type(value: str) -> str:
    if re.fullmatch(IDENTIFIER_PATTERN, value) is None:
        known = ("crm_id", "employee", "license", "unionid", "email", "mobile", "name", "code")
        meant = nearest({"phone": "mobile", "tel": "mobile", "mail": "email", "id": "crm_id"}.get(value, value), known)
        message = f"{value!r} is no identifier type: use {', '.join(known)} or account_<system>.{meant}"
        raise ValueError(message)
    return value


IdentifierType = Annotated[
    str, AfterValidator(_identifier_type), Field(json_schema_extra={"pattern": IDENTIFIER_PATTERN})
]


def _tuple(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _plain(value: object) -> object:
    # YAML reads yes, no, on, off as booleans: which word was written is lost, so it has to be quoted.
    if isinstance(value, bool) or value is None:
        message = "codes like yes, no, on, off, true, false and null must be written in quotes"
        raise ValueError(message)
    return str(value) if isinstance(value, (int, float)) else value


def _key_texts(value: object) -> object:
    return {_plain(key): item for key, item in value.items()} if isinstance(value, dict) else value


def _texts(value: object) -> object:
    return [_plain(item) for item in value] if isinstance(value, list) else [_plain(value)]


Columns = Annotated[tuple[Column, ...], BeforeValidator(_tuple, json_schema_input_type=tuple[Column, ...] | Column)]
Texts = Annotated[tuple[str, ...], BeforeValidator(_texts, json_schema_input_type=tuple[Scalar, ...] | Scalar)]
CodeList = Annotated[dict[str, Scalar | None], BeforeValidator(_key_texts)]


class Codes(Document):
    """`extracts/codes.yaml`: code lists that several extracts share, written code to value."""

    format: Literal[1]
    codes: dict[Name, CodeList]


class Linking(Document):
    """`extracts/linking.yaml`: from which likeness on rows without an identifier link by themselves, or are shown to a steward.

    Likenesses are probabilities. A row links when the likeliest person reaches `accept` and no other reaches `runner_up`; otherwise, from `review`
    on, it is a case. `accept: 1` links nothing by likeness.
    """

    format: Literal[1]
    accept: Annotated[float, Field(gt=0.5, le=1)] = 0.95
    runner_up: Annotated[float, Field(gt=0, lt=0.5)] = 0.05
    review: Annotated[float, Field(gt=0, le=1)] = 0.1

    @model_validator(mode="after")
    def _in_order(self) -> Linking:
        if self.review > self.accept:
            message = "review lies above accept; a likeness that links by itself is not shown to anybody"
            raise ValueError(message)
        return self


class Band(Document):
    """A band of numbers: those below `below` that no earlier band took; the last band has no `below`."""

    below: float | None = None
    label: str


class Value(Document):
    """Where a value comes from and how it is read. Exactly one source; the target column's type says what it must become.

    Sources: `column` (of several, the first that isn't empty) · `constant` · `present` (flag: is the column filled) ·
    `absent` (its opposite) · `seconds_between` (two time columns) · `id` (the row's own number, made a pseudonym) ·
    `lookup` (a column of the register whose key this row holds, as `table.column`).
    """

    column: Columns | None = None
    constant: Scalar | None = None
    present: Column | None = None
    absent: Column | None = None
    seconds_between: tuple[Column, Column] | None = None
    id: Columns | None = None
    lookup: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$")] | None = None

    masked: bool = False
    """Free text: identities in it are replaced by their kind (`[name]`, `[mobile]`) before it is stored."""
    map: CodeList | Name | None = None
    """Code to value: a list written here, or the name of one in `codes.yaml`. Blanks, width and case are ignored."""
    times: Texts = ()
    """Formats of a date or time, tried in order: strptime's, or `epoch_s`, `epoch_ms`, `excel`."""
    zone: str | None = None
    """The zone in which times are written, if not the bundle's (`UTC`); epochs and times with an offset need none."""
    is_true: Texts = ()
    is_false: Texts = ()
    """How a flag is written. With `is_true` alone everything else that isn't empty is false."""
    strip: Texts = ()
    """Texts to remove before a number is read (`分钟`, `¥`); thousands separators and blanks go by themselves."""
    scale: float | None = None
    bands: tuple[Band, ...] = ()
    range: tuple[float | None, float | None] | None = None
    """Smallest and largest number that can be right."""
    default: Scalar | None = None
    """What an empty value becomes."""
    otherwise: Literal["quarantine", "empty", "keep"] = "quarantine"
    """What to do with a value that can't be read or a code that no list has: hold the row back, leave the value out, or
    (codes only) take it as it is."""

    @model_validator(mode="after")
    def _one_source(self) -> Value:
        sources = ("column", "constant", "present", "absent", "seconds_between", "id", "lookup")
        given = [name for name in sources if getattr(self, name) is not None]
        if len(given) != 1:
            message = f"takes exactly one of {', '.join(sources)}; given: {', '.join(given) or 'none'}"
            raise ValueError(message)
        if self.bands and any(band.below is None for band in self.bands[:-1]):
            message = "only the last band may lack `below`"
            raise ValueError(message)
        return self

    def columns(self) -> tuple[str, ...]:
        """The extract's columns that this value reads."""
        pair = self.seconds_between or ()
        single = tuple(name for name in (self.present, self.absent) if name is not None)
        return (*(self.column or ()), *pair, *single, *(self.id or ()))


def _column(value: object) -> object:
    return {"column": value} if isinstance(value, (str, list)) else value


Source = Annotated[Value, BeforeValidator(_column, json_schema_input_type=Value | str | list[str])]


class IdentifierColumn(Document):
    """Columns that hold one type of identifier; `split` cuts a cell into several (`张伟|张玮`)."""

    column: Columns
    split: str | None = None


def _identifier(value: object) -> object:
    return {"column": value} if isinstance(value, (str, list)) else value


Identifiers = dict[
    IdentifierType,
    Annotated[
        IdentifierColumn, BeforeValidator(_identifier, json_schema_input_type=IdentifierColumn | str | list[str])
    ],
]


class Condition(Document):
    """Rows whose `column` holds one of `in`, none of `not_in`, is `empty` or isn't. Blanks, width and case are ignored."""

    column: Column
    in_: Annotated[Texts, Field(alias="in")] = ()
    not_in: Texts = ()
    empty: bool | None = None

    @model_validator(mode="after")
    def _one_test(self) -> Condition:
        if (len(self.in_) > 0) + (len(self.not_in) > 0) + (self.empty is not None) != 1:
            message = "takes exactly one of in, not_in, empty"
            raise ValueError(message)
        return self


class Drop(Document):
    """A named rule by which rows are left out and counted.

    `when: duplicate` drops repeated rows: all columns alike, or those named in `of`; `keep` says which one stays. `where` drops
    rows that meet all of its conditions.
    """

    rule: Name
    when: Literal["duplicate"] | None = None
    of: Columns = ()
    keep: Literal["first", "last"] = "first"
    where: tuple[Condition, ...] = ()

    @model_validator(mode="after")
    def _one_way(self) -> Drop:
        if (self.when is None) == (not self.where):
            message = "takes exactly one of `when: duplicate` and `where`"
            raise ValueError(message)
        return self


class Collect(Document):
    """A new column of the folded row: over the group's rows that meet `where`, whether there is `any`, or the first, last, smallest or
    largest text, the sum or the count.
    """

    how: Literal["any", "first", "last", "min", "max", "sum", "count"]
    column: Column | None = None
    where: tuple[Condition, ...] = ()

    @model_validator(mode="after")
    def _has_column(self) -> Collect:
        if (self.how in {"any", "count"}) == (self.column is not None):
            message = "any and count take no column, the others take one"
            raise ValueError(message)
        return self


class Fold(Document):
    """Several rows that tell one thing, such as the events of one e-mail, become one.

    Rows with the same `by` are one group; its first row that meets `anchor` stands for it, the others are counted as folded by `rule`.
    A group without an anchor is quarantined. `collect` adds columns, which `fields` use like any other.
    """

    rule: Name
    by: Columns
    anchor: tuple[Condition, ...] = ()
    collect: dict[Name, Collect] = {}


class Unpivot(Document):
    """Columns that repeat, such as one a month, become rows: the header goes to the column `header`, the cell to the column `cell`.

    `columns` is a regular expression that a header matches as a whole. Empty cells make no row.
    """

    columns: str
    header: Name
    cell: Name

    @model_validator(mode="after")
    def _is_expression(self) -> Unpivot:
        try:
            re.compile(self.columns)
        except re.error as error:
            message = f"columns is no regular expression: {error}"
            raise ValueError(message) from error
        return self

    def matching(self, headers: tuple[str, ...]) -> tuple[str, ...]:
        """The headers whose columns become rows."""
        return tuple(header for header in headers if re.fullmatch(self.columns, header))


class Latest(Document):
    """Of several rows with the same key the one with the latest `by` is right; the others are counted as folded by `rule`."""

    by: Source
    rule: Name


class Load(Document):
    """Rows of the extract as rows of `table`. `when` restricts them; `fields` says where each column comes from; keys come from `keys`."""

    table: Name
    when: tuple[Condition, ...] = ()
    fields: dict[Name, Source] = {}
    latest: Latest | None = None


class Reading(Document):
    """How the file is written. A byte order mark always decides; otherwise the encodings are tried in order."""

    encodings: Texts = ("utf-8", "gb18030")
    delimiter: Literal[",", ";", "\t", "|"] = ","
    skip_lines: Annotated[int, Field(ge=0)] = 0
    """Lines before the header."""
    sheet: str | None = None
    """The sheet of an Excel workbook; default: the first."""
    empty: Texts = ("NULL", "null", "N/A", "\\N")
    """Texts that mean an empty cell, besides an empty one."""


class LeftOut(Document):
    """`extracts/left-out.yaml` of a house's stewards: extracts of the bundle that this company doesn't have; their mappings don't count here."""

    format: Literal[1]
    extracts: tuple[Name, ...] = ()


class Mapping(Document):
    """`extracts/<extract>.yaml`: one extract."""

    format: Literal[1]
    extract: Name
    title: Label | None = None
    basis: Label | None = None
    """The legal basis of collecting it (PIPL article 13), for the register of processing activities."""
    files: Annotated[Texts, Field(min_length=1)]
    """File names, or patterns with `*`; several files of one extract are read one after the other."""
    required: bool = True
    """Whether ingest stops without it; otherwise its absence is a warning."""
    read: Reading = Reading()
    keys: dict[Name, Identifiers] = {}
    """Key column of the warehouse to the identifiers that this extract has for it."""
    former: dict[Name, Identifiers] = {}
    """Like `keys`, of what the entity belonged to before (a doctor's earlier hospital): used for matching only."""
    traits: dict[Name, Source] = {}
    """What else describes a person who has no strong identifier here (specialty, title): used for matching only."""
    unpivot: Unpivot | None = None
    drop: tuple[Drop, ...] = ()
    fold: Fold | None = None
    load: Annotated[tuple[Load, ...], Field(min_length=1)]
    ignore: Annotated[tuple[str, ...] | dict[str, str], BeforeValidator(_tuple)] = ()
    """Columns left out on purpose, with reasons if a mapping. A column that is named nowhere never loads either, and is reported."""

    @model_validator(mode="after")
    def _rules_have_one_name(self) -> Mapping:
        rules = [rule.rule for rule in self.drop]
        rules += [self.fold.rule] if self.fold else []
        rules += [load.latest.rule for load in self.load if load.latest]
        if len(set(rules)) != len(rules):
            message = "two rules have the same name"
            raise ValueError(message)
        return self

    def made_columns(self) -> frozenset[str]:
        """Columns that reading the extract makes, beside those of the file."""
        made = set(self.fold.collect) if self.fold else set()
        if self.unpivot:
            made |= {self.unpivot.header, self.unpivot.cell}
        return frozenset(made)

    def used_columns(self) -> dict[str, tuple[str | int, ...]]:
        """Every column of the file that the mapping reads, with the path of its mention (for errors)."""
        used: dict[str, tuple[str | int, ...]] = {}

        def note(columns: tuple[str, ...], *path: str | int) -> None:
            for column in columns:
                if column not in made:
                    used.setdefault(column, path)

        made = self.made_columns()
        for group in ("keys", "former"):
            for key, identifiers in getattr(self, group).items():
                for kind, identifier in identifiers.items():
                    note(identifier.column, group, key, kind)
        for name, value in self.traits.items():
            note(value.columns(), "traits", name)
        for index, drop in enumerate(self.drop):
            note((*drop.of, *(c.column for c in drop.where)), "drop", index)
        if self.fold:
            note((*self.fold.by, *(c.column for c in self.fold.anchor)), "fold")
            for name, collect in self.fold.collect.items():
                note(
                    (*((collect.column,) if collect.column else ()), *(c.column for c in collect.where)),
                    "fold",
                    "collect",
                    name,
                )
        for index, load in enumerate(self.load):
            note(tuple(c.column for c in load.when), "load", index, "when")
            if load.latest:
                note(load.latest.by.columns(), "load", index, "latest", "by")
            for name, value in load.fields.items():
                note(value.columns(), "load", index, "fields", name)
        return used


__all__ = ["NAME_PATTERN", "Codes", "Linking", "Mapping"]
