"""A metric as arithmetic over measures and other metrics, before it is written as a ratio, a derived or a single measure."""

from __future__ import annotations

import keyword
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from governance.documents.metrics import Measure, Shifted
from governance.interchange.expressions import parse
from governance.interchange.nouns import NotCarriedError
from governance.interchange.syntax import Arithmetic, Call, Cast, Column, Constant, Node

_NUMBERS = frozenset({"DOUBLE", "FLOAT", "FLOAT8", "FLOAT64", "REAL", "NUMERIC", "DECIMAL", "NUMBER"})


@dataclass(frozen=True, slots=True)
class Given:
    """A measure, or the name of a carried metric; `hint` is what to call it in an expression."""

    operand: Measure | Shifted | str
    hint: str


@dataclass(frozen=True, slots=True)
class Number:
    value: int | float


@dataclass(frozen=True, slots=True)
class Combined:
    op: str
    left: Tree
    right: Tree


Tree = Given | Number | Combined


def givens(tree: Tree) -> Iterator[Given]:
    """Yield the operands from left to right."""
    if isinstance(tree, Given):
        yield tree
    elif isinstance(tree, Combined):
        yield from givens(tree.left)
        yield from givens(tree.right)


def arithmetic(text: str, names: Mapping[str, Tree], aggregate: Callable[[Call], Tree] | None = None) -> Tree:
    """Read an expression over named inputs, or (Ossie) over aggregates. Raises NotCarriedError for all but numbers, `+ - * /` and parentheses.

    `x / NULLIF(y, 0)` is `x / y`: any division by zero is empty here.
    """

    def tree(node: Node, *, divisor: bool = False) -> Tree:
        if isinstance(node, Arithmetic):
            return Combined(node.op, tree(node.left), tree(node.right, divisor=node.op == "/"))
        if isinstance(node, Constant) and isinstance(node.value, (int, float)) and not isinstance(node.value, bool):
            return Number(node.value)
        if isinstance(node, Column) and node.table is None and aggregate is None:
            if node.name not in names:
                raise NotCarriedError(f"{node.name!r} is not among its inputs ({', '.join(names)})")
            return names[node.name]
        if isinstance(node, Cast) and node.type in _NUMBERS:
            return tree(node.item, divisor=divisor)
        if isinstance(node, Call):
            if node.name == "NULLIF" and divisor and len(node.arguments) == 2 and node.arguments[1] == Constant(0):
                return tree(node.arguments[0])
            if aggregate is not None:
                return aggregate(node)
            raise NotCarriedError(f"the function {node.name} has no counterpart in an expression of metrics")
        raise NotCarriedError("an expression of metrics consists of inputs, numbers, + - * / and parentheses")

    return tree(parse(text))


def written(tree: Tree) -> tuple[str, dict[str, Measure | Shifted | str]]:
    """Return the tree as an expression and its inputs, each once, under names that an expression can hold."""
    inputs: dict[str, Measure | Shifted | str] = {}

    def name(given: Given) -> str:
        for known, operand in inputs.items():
            if operand == given.operand:
                return known
        base = re.sub(r"[^a-z0-9_]+", "_", given.hint.lower())[:58]
        base = base if re.match(r"[a-z]", base) and not keyword.iskeyword(base) else f"x_{base}"
        found = next(candidate for candidate in (base, *(f"{base}_{n}" for n in range(2, 999))) if candidate not in inputs)
        inputs[found] = given.operand
        return found

    def text(node: Tree, parent: str = "", *, right: bool = False) -> str:
        if isinstance(node, Number):
            return repr(node.value) if node.value >= 0 else f"({node.value!r})"
        if isinstance(node, Given):
            return name(node)
        inner = f"{text(node.left, node.op)} {node.op} {text(node.right, node.op, right=True)}"
        tight = {"+": 1, "-": 1, "*": 2, "/": 2}
        loose = parent and (tight[node.op] < tight[parent] or (right and tight[node.op] == tight[parent]))
        return f"({inner})" if loose else inner

    return text(tree), inputs
