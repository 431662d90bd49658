"""What a metric is made of: parts that are measured by themselves, and the arithmetic that joins their results.

No arithmetic is ever done on rows of different facts: each part is aggregated alone, at the asked grain, and only the aggregates meet here.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from typing import Literal

from governance.documents.metrics import Measure

Number = int | float | Decimal
Shape = Literal["rows", "qualified", "first", "members", "in_force", "state", "moves", "exposed", "retained", "converted"]
"""How a part is measured; each has its own statement."""

OUTPUTS: Mapping[Shape, tuple[str, ...]] = {
    "rows": ("value",),
    "qualified": ("value",),
    "first": ("value",),
    "members": ("value",),
    "in_force": ("value",),
    "state": ("value",),
    "moves": ("moved", "started"),
    "exposed": ("moved", "started"),
    "retained": ("retained", "before"),
    "converted": ("converted", "entered"),
}
"""The numbers that each shape yields, in order."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Part:
    """One thing to be measured by itself; compared by identity: `shared` makes equal parts one.

    `second` is the conversion of a conversion and the exposure of an exposure; `days` their window. `trailing` months or days
    (`trailing_unit`) or `to_date` stretch each row's own window back, `back` months or days (`back_unit`) move it back first. `consent`: whether withdrawals leave persons out. `by` are dimensions it is always split by (an experiment's
    arm). `broad`: a population whose missing dimensions restrict only the other side.
    """

    shape: Shape
    measure: Measure
    second: Measure | None = None
    days: int | None = None
    trailing: int | None = None
    trailing_unit: Literal["month", "day"] = "month"
    to_date: Literal["week", "month", "quarter", "year", "ever"] | None = None
    consent: bool = True
    by: tuple[str, ...] = ()
    broad: bool = False
    back: int = 0
    back_unit: Literal["month", "day"] = "month"

    @property
    def timeless(self) -> bool:
        """Whether the asked period makes no difference."""
        return self.shape == "members"


@dataclass(frozen=True, slots=True)
class Reading:
    """A measured number and the distinct persons behind it (None where the fact carries none); `mark` is a fingerprint of their set, where it was asked for."""

    value: Number | None
    persons: int | None
    mark: int | None = None


@dataclass(frozen=True, slots=True)
class Leaf:
    """One output of one part of the formula."""

    part: int
    output: int = 0


@dataclass(frozen=True, slots=True)
class Constant:
    value: Number


@dataclass(frozen=True, slots=True)
class Operation:
    op: Literal["+", "-", "*", "/"]
    left: Node
    right: Node


Node = Leaf | Constant | Operation
Read = Callable[[int, int], Reading]
_ARITHMETIC: Mapping[str, Callable[[Number, Number], Number]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Formula:
    """A metric's parts and how its cell is computed from them.

    `rule` is `expression` for arithmetic over the parts (`node`), `lift` for two arms of an experiment (`arms`: treatment, control; the parts are the numerator and the
    denominator), `exposed` for exposed persons beside the others (parts: exposed, all).
    """

    parts: tuple[Part, ...]
    node: Node
    rule: Literal["expression", "lift", "exposed"] = "expression"
    arms: tuple[str, str] | None = None

    @property
    def suffixes(self) -> tuple[str, ...]:
        """The columns that one metric has, as suffixes of its id."""
        if self.rule == "lift":
            return ("", "__ci_low", "__ci_high", "__p_value")
        if self.rule == "exposed":
            return ("", "__base", "__change", "__ci_low", "__ci_high", "__p_value")
        return ("",)

    @property
    def single(self) -> Part | None:
        """The one part whose aggregate is the metric, or None for arithmetic."""
        return self.parts[self.node.part] if isinstance(self.node, Leaf) and self.rule == "expression" else None


def shared(formulas: Mapping[str, Formula]) -> dict[str, Formula]:
    """Return the formulas with equal parts made one object, so that what two metrics have in common is measured once."""
    known: dict[tuple[object, ...], Part] = {}

    def one(part: Part) -> Part:
        return known.setdefault(tuple(getattr(part, item.name) for item in fields(part)), part)

    return {name: replace(formula, parts=tuple(one(part) for part in formula.parts)) for name, formula in formulas.items()}


def shift(node: Node, by: int) -> Node:
    """Return the node with its parts renumbered, for use inside a larger formula."""
    if isinstance(node, Leaf):
        return Leaf(node.part + by, node.output)
    if isinstance(node, Operation):
        return Operation(node.op, shift(node.left, by), shift(node.right, by))
    return node


def parts_in(node: Node) -> frozenset[int]:
    """Return the numbers of the parts that the node reads."""
    if isinstance(node, Leaf):
        return frozenset((node.part,))
    if isinstance(node, Operation):
        return parts_in(node.left) | parts_in(node.right)
    return frozenset()


def counted_leaves(node: Node) -> frozenset[Leaf]:
    """Return the leaves that say how many or how much: of a ratio those above the line."""
    if isinstance(node, Leaf):
        return frozenset((node,))
    if isinstance(node, Constant):
        return frozenset()
    left = counted_leaves(node.left)
    return left if node.op == "/" else left | counted_leaves(node.right)


def _calculated(op: str, left: Number | None, right: Number | None) -> Number | None:
    if left is None or right is None:
        return None
    if op == "/":
        return None if right == 0 else float(left) / float(right)
    if isinstance(left, float) or isinstance(right, float):
        left, right = float(left), float(right)
    return _ARITHMETIC[op](left, right)


def _fewest(left: int | None, right: int | None) -> int | None:
    return right if left is None else left if right is None else min(left, right)


def compute(node: Node, read: Read) -> Reading:
    """Return the node's value and the persons behind it: those of a ratio's denominator, of its numerator if only that carries persons."""
    if isinstance(node, Leaf):
        return read(node.part, node.output)
    if isinstance(node, Constant):
        return Reading(node.value, None)
    left, right = compute(node.left, read), compute(node.right, read)
    if node.op == "/":
        persons = left.persons if right.persons is None else right.persons
    else:
        persons = _fewest(left.persons, right.persons)
    return Reading(_calculated(node.op, left.value, right.value), persons)


def counting(node: Node, carries: Callable[[int], bool]) -> frozenset[int]:
    """Return the parts whose persons must be counted for `compute`; `carries` says whether a part's fact has persons."""
    if isinstance(node, Leaf):
        return frozenset((node.part,)) if carries(node.part) else frozenset()
    if isinstance(node, Constant):
        return frozenset()
    left, right = counting(node.left, carries), counting(node.right, carries)
    return (right or left) if node.op == "/" else left | right


_OPERATORS: Mapping[type[ast.operator], Literal["+", "-", "*", "/"]] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}


def parse(expression: str, names: Mapping[str, Node]) -> Node:
    """Read an expression of names, numbers, `+ - * /` and parentheses. Raises ValueError naming what is not understood."""

    def node(tree: ast.expr) -> Node:
        if isinstance(tree, ast.BinOp) and type(tree.op) in _OPERATORS:
            return Operation(_OPERATORS[type(tree.op)], node(tree.left), node(tree.right))
        if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.USub):
            return Operation("-", Constant(0), node(tree.operand))
        if isinstance(tree, ast.Name):
            if tree.id not in names:
                raise ValueError(f"unknown name {tree.id!r} in the expression; inputs are {', '.join(names)}")
            return names[tree.id]
        if isinstance(tree, ast.Constant) and isinstance(tree.value, (int, float)) and not isinstance(tree.value, bool):
            return Constant(tree.value)
        raise ValueError("an expression consists of input names, numbers, + - * / and parentheses")

    try:
        return node(ast.parse(expression, mode="eval").body)
    except (SyntaxError, RecursionError) as error:
        raise ValueError(f"the expression can't be read: {expression!r}") from error
