"""The leak scan: proof that a finished warehouse holds no direct identifier of anybody, before it is put in place.

Keys and row numbers must have the form that only we make. Every other text is compared with the identifiers and names that the load has seen,
and searched for anything that looks like a phone, an address, a license, an ID card or a WeChat id; numbers are compared with phones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import duckdb

from governance.errors import IngestError
from governance.identity import patterns
from governance.identity.normalise import normaliser
from governance.identity.pseudonyms import is_pseudonym
from governance.identity.written import fold

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

_LOOKED_FOR = ("mobile", "email", "id_card", "license", "wechat_id", "bank_card")
_SURELY_A_NAME = 3
_TOO_MANY_NAMES = 3
_TELLING = 6
_FIRST_MOBILE, _LAST_MOBILE = 13_000_000_000, 19_999_999_999


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What must not be found: (type, normalised value) pairs, and persons' compared names."""

    identifiers: frozenset[tuple[str, str]]
    names: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """What was looked at and how many leaks of each kind there were."""

    columns: int
    values: int
    leaks: int


def scan(path: Path, known: Known, *, forms: Mapping[str, Mapping[str, str]]) -> Scan:
    """Scan a finished DuckDB file; `forms` names the columns of type key and id per table.

    Raises IngestError with the table and column (never the value) of the first leak.
    """
    columns = values = 0
    checked: set[str] = set()
    kinds = sorted({kind for kind, _ in known.identifiers})
    mobiles = frozenset(int(value) for kind, value in known.identifiers if kind == "mobile")
    with duckdb.connect(str(path), read_only=True, config={"memory_limit": "1GB", "threads": "2"}) as connection:
        described = connection.execute(
            "SELECT table_name, column_name, data_type FROM information_schema.columns ORDER BY ALL"
        ).fetchall()
        for table, column, kind in described:
            columns += 1
            form = forms.get(table, {}).get(column)
            quoted = f'"{column}"', f'"{table}"'
            if kind == "VARCHAR":
                found = [
                    row[0]
                    for row in connection.execute(
                        f"SELECT DISTINCT {quoted[0]} FROM {quoted[1]} WHERE {quoted[0]} IS NOT NULL"  # noqa: S608 (names from the catalogue)
                        + (f" AND NOT regexp_full_match({quoted[0]}, '[0-9a-f]{{24}}')" if form == "id" else "")
                    ).fetchall()
                ]
                values += len(found)
                why = _form_leak(found, checked) if form else _text_leak(found, known, kinds)
            elif kind in {"BIGINT", "DOUBLE", "INTEGER", "HUGEINT"}:
                found = connection.execute(
                    f"SELECT DISTINCT CAST({quoted[0]} AS BIGINT) FROM {quoted[1]} WHERE {quoted[0]} BETWEEN ? AND ?",  # noqa: S608
                    [_FIRST_MOBILE, _LAST_MOBILE],
                ).fetchall()
                values += len(found)
                why = "a mobile number" if any(row[0] in mobiles for row in found) else None
            else:
                continue
            if why is not None:
                message = (
                    f"the leak scan found {why} in {table}.{column}; nothing was loaded. Look at the mapping of that column: "
                    "take it out or map it to codes"
                )
                raise IngestError(message)
    return Scan(columns=columns, values=values, leaks=0)


def _form_leak(found: Iterable[str], checked: set[str]) -> str | None:
    """The same keys stand in many tables: each is checked once."""
    fresh = set(found) - checked
    if not all(is_pseudonym(text) for text in fresh):
        return "something that is no pseudonym"
    checked |= fresh
    return None


def _text_leak(found: list[str], known: Known, kinds: list[str]) -> str | None:
    named = 0
    for text in found:
        folded = fold(text)
        for kind in kinds:
            value = normaliser(kind)(text)
            # A short number of a system can be any code at all.
            if value is not None and len(value) >= _TELLING and (kind, value) in known.identifiers:
                return f"a known identifier ({kind})"
        for kind in _LOOKED_FOR:
            if next(iter(patterns.FINDERS[kind](folded)), None) is not None:
                return f"what looks like a person's identifier ({kind})"
        name = normaliser("name")(text)
        # Two characters can be a city as well as a person; three or more, or many of them, can't be chance.
        if name is not None and len(name) >= _SURELY_A_NAME and name in known.names:
            return "a person's name"
        named += (name is not None and name in known.names) or _holds_name(text, known.names)
    if named >= _TOO_MANY_NAMES and named * 20 > len(found):
        return "persons' names"
    return None


def _holds_name(text: str, names: frozenset[str]) -> bool:
    """Whether a name of three or four characters stands somewhere in the text (张小明组)."""
    sizes = (_SURELY_A_NAME, _SURELY_A_NAME + 1)
    return any(text[at : at + size] in names for size in sizes for at in range(len(text) - size + 1))
