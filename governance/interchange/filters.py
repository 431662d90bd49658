"""From a filter's tree to typed Conditions, with SQL's own meaning of NULL kept: a test of NULL is never passed, and neither is its negation.

A reference is resolved to a column of the measure's own table wherever it can be, because a column's test means exactly what SQL means. A
dimension of a joined table groups NULL and unmatched keys as 未知, so its tests exclude that group where SQL would.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeGuard

from governance.documents.metrics import Condition
from governance.interchange.nouns import NotCarriedError
from governance.interchange.syntax import (
    Among,
    Between,
    Both,
    Case,
    Cast,
    Column,
    Compare,
    Constant,
    Either,
    Is,
    Node,
    Not,
    Null,
    Reference,
    Value,
)
from governance.terms import UNKNOWN

Kind = Literal["text", "integer", "boolean"]
_OPPOSITE = {"=": "<>", "<>": "=", "<": ">=", "<=": ">", ">": "<=", ">=": "<"}
DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What is tested: a column of the measure's own table, or a dimension of a joined one with its type. `daily`: days of a time column; `moment`: the
    column holds dates or moments, with which texts are compared as dates.
    """

    column: str | None = None
    dimension: str | None = None
    kind: Kind = "text"
    daily: bool = False
    moment: bool = False


Resolve = Callable[[Reference | Column], Target]


def _is_test(node: Node) -> TypeGuard[Case]:
    """Whether the node is `CASE WHEN test THEN TRUE [ELSE FALSE] END`: it is passed exactly where the test is (its negation is not, for NULL)."""
    if not isinstance(node, Case) or len(node.whens) != 1:
        return False
    value, otherwise = node.whens[0][1], node.otherwise
    return isinstance(value, Constant) and value.value is True and (isinstance(otherwise, Null) or (isinstance(otherwise, Constant) and otherwise.value is False))


def condition(node: Node, resolve: Resolve, *, negated: bool = False) -> Condition:
    """Return the condition that the node states (or its negation). Raises NotCarriedError with the reason."""
    if isinstance(node, Not):
        return condition(node.item, resolve, negated=not negated)
    if isinstance(node, (Both, Either)):
        items = tuple(condition(item, resolve, negated=negated) for item in node.items)
        return Condition(all_of=items) if isinstance(node, Both) != negated else Condition(any_of=items)
    if isinstance(node, Compare):
        target, value = _target(node.left, resolve), _value(node.right)
        return _compared(target, _OPPOSITE[node.op] if negated else node.op, value)
    if isinstance(node, Among):
        return _among(_target(node.item, resolve), [_value(item) for item in node.values], negated=node.negated != negated)
    if isinstance(node, Between):
        target, low, high = _target(node.item, resolve), _value(node.low), _value(node.high)
        if node.negated != negated:
            return Condition(any_of=(_compared(target, "<", low), _compared(target, ">", high)))
        return Condition(all_of=(_compared(target, ">=", low), _compared(target, "<=", high)))
    if isinstance(node, Is):
        return _is(_target(node.item, resolve), node.value, negated=node.negated != negated)
    if isinstance(node, (Column, Reference)):
        return _compared(_target(node, resolve), "=", not negated)
    if not negated and _is_test(node):
        return condition(node.whens[0][0], resolve)
    raise NotCarriedError("a computed test has no counterpart; conditions compare columns with values")


def _target(node: Node, resolve: Resolve) -> Target:
    if isinstance(node, (Column, Reference)):
        return resolve(node)
    if isinstance(node, Cast) and node.type == "DATE" and isinstance(node.item, (Column, Reference)):
        target = resolve(node.item)
        if target.column is not None:
            return Target(column=target.column, daily=True)
    raise NotCarriedError("a computed value has no counterpart in a condition; only columns and dimensions are tested")


def _value(node: Node) -> Value:
    if isinstance(node, Constant):
        return node.value
    if isinstance(node, Null):
        raise NotCarriedError("a comparison with NULL is never true; IS NULL was probably meant")
    raise NotCarriedError("a condition compares with literal values only, not with other columns")


def _compared(target: Target, op: str, value: Value) -> Condition:
    if target.daily:
        return _on_days(target.column or "", op, value)
    if target.dimension is not None:
        return _on_dimension(target, op, value)
    column = target.column
    if target.moment:
        value = _day(value)
    if isinstance(value, bool):
        if op not in {"=", "<>"}:
            raise NotCarriedError("true and false are compared by = only")
        if value == (op == "="):
            return Condition(column=column, equals=True)
        return Condition(all_of=(Condition(column=column, equals=False), Condition(column=column, null=False)))
    if op == "=":
        return Condition(column=column, equals=value)
    if op == "<>":
        return Condition(any_of=(Condition(column=column, below=value), Condition(column=column, above=value)))
    return Condition.model_validate({"column": column, _KEYS[op]: value})


_KEYS = {"<": "below", "<=": "at_most", ">": "above", ">=": "at_least"}


def _day(value: Value) -> dt.date:
    if isinstance(value, dt.date):
        return value
    try:
        return dt.date.fromisoformat(str(value))
    except ValueError as error:
        raise NotCarriedError(f"a date is compared with {value!r}, which is no day") from error


def _on_days(column: str, op: str, value: Value) -> Condition:
    """A moment's day compared with a day is the moment compared with midnight."""
    value = _day(value)
    after = value + DAY
    single: dict[str, dict[str, dt.date]] = {"<": {"below": value}, "<=": {"below": after}, ">": {"at_least": after}, ">=": {"at_least": value}}
    if op in single:
        return Condition.model_validate({"column": column, **single[op]})
    if op == "=":
        return Condition(column=column, at_least=value, below=after)
    return Condition(any_of=(Condition(column=column, below=value), Condition(column=column, at_least=after)))


def _on_dimension(target: Target, op: str, value: Value) -> Condition:
    name = target.dimension
    wanted: dict[Kind, type | tuple[type, ...]] = {"text": str, "integer": (int, float), "boolean": bool}
    if not isinstance(value, wanted[target.kind]) or (target.kind == "integer" and isinstance(value, bool)):
        raise NotCarriedError(f"{name} is taken for {target.kind} and is compared with {value!r}")
    if value == UNKNOWN:
        raise NotCarriedError(f"the value {UNKNOWN} stands for rows without a value")
    if target.kind == "boolean":
        if value == (op == "=") and op in {"=", "<>"}:
            return Condition(dimension=name, equals="true")
        raise NotCarriedError(f"{name} = false: an unset flag of a joined table counts as false here and not in SQL")
    if op == "=":
        if isinstance(value, float):
            raise NotCarriedError(f"{name} is compared with {value!r}; dimensions hold texts and whole numbers")
        return Condition(dimension=name, equals=value)
    if op == "<>":
        test = Condition(any_of=(Condition(dimension=name, below=value), Condition(dimension=name, above=value)))
    else:
        test = Condition.model_validate({"dimension": name, _KEYS[op]: value})
    return test if target.kind == "integer" else Condition(all_of=(test, _known(name or "")))


def _known(dimension: str) -> Condition:
    return Condition(any_of=(Condition(dimension=dimension, below=UNKNOWN), Condition(dimension=dimension, above=UNKNOWN)))


def _among(target: Target, values: Sequence[Value], *, negated: bool) -> Condition:
    if negated:
        return Condition(all_of=tuple(_compared(target, "<>", value) for value in values))
    plain = not (target.daily or target.moment) and target.kind != "boolean" and not any(isinstance(value, bool) for value in values)
    if plain and target.column is not None:
        return Condition(column=target.column, one_of=tuple(values))
    if plain and target.kind == "text" and all(isinstance(value, str) and value != UNKNOWN for value in values):
        return Condition(dimension=target.dimension, one_of=tuple(values))
    return Condition(any_of=tuple(_compared(target, "=", value) for value in values))


def _is(target: Target, value: bool | None, *, negated: bool) -> Condition:
    name = target.dimension
    if value is None:
        if target.column is not None:
            return Condition(column=target.column, null=not negated)
        if target.kind == "boolean":
            raise NotCarriedError(f"{name} IS NULL: an unset flag of a joined table counts as false here")
        if target.kind == "integer":
            return Condition(dimension=name, null=not negated)
        return _known(name or "") if negated else Condition(dimension=name, equals=UNKNOWN)
    if not negated:
        return _compared(target, "=", value)
    if target.column is not None:
        null = Condition(column=target.column, null=True)
        return Condition(any_of=(null, _compared(target, "=", not value)))
    if target.kind == "boolean" and value:
        return Condition(dimension=name, one_of=("false", UNKNOWN))
    raise NotCarriedError(f"{name} IS NOT {str(value).upper()} has no counterpart for a joined table")


def flattened(conditions: Sequence[Condition]) -> tuple[Condition, ...]:
    """Return the conjunction's members, each once: nested `all_of` are one list with their surroundings."""
    out: dict[str, Condition] = {}
    for item in conditions:
        inner = flattened(item.all_of) if item.all_of is not None and item.model_fields_set == {"all_of"} else (item,)
        for one in inner:
            out.setdefault(one.model_dump_json(), one)
    return tuple(out.values())


def evidence(node: Node) -> Iterator[tuple[Reference | Column, Kind]]:
    """Yield the references and columns that a tree compares, with the type that the comparison shows."""
    pairs: list[tuple[Node, Node]] = []
    if isinstance(node, (Both, Either)):
        for item in node.items:
            yield from evidence(item)
    elif isinstance(node, Not):
        yield from evidence(node.item)
    elif isinstance(node, (Column, Reference)):
        yield node, "boolean"
    elif isinstance(node, Is) and node.value is not None:
        pairs = [(node.item, Constant(node.value))]
    elif isinstance(node, Compare):
        pairs = [(node.left, node.right)]
    elif isinstance(node, Among):
        pairs = [(node.item, value) for value in node.values]
    elif isinstance(node, Between):
        pairs = [(node.item, node.low), (node.item, node.high)]
    for item, value in pairs:
        if isinstance(item, (Column, Reference)) and isinstance(value, Constant):
            kind = _kind(value.value)
            if kind is not None:
                yield item, kind


def _kind(value: Value) -> Kind | None:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    return "text" if isinstance(value, str) else None
