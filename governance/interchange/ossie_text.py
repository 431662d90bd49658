"""Our measures and conditions as ANSI SQL expressions, for reading elsewhere. Nothing here is ever run by us.

Raises NotCarriedError for whatever the text could not say exactly.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence

from governance.documents.metrics import Condition, Measure
from governance.interchange.nouns import NotCarriedError
from governance.metrics.catalogue import Catalogue
from governance.metrics.formulas import Constant, Leaf, Node, Part
from governance.terms import UNKNOWN

_PLAIN = re.compile(r"^[a-z_][a-z0-9_]*$")
_TESTS = (("at_least", ">="), ("at_most", "<="), ("above", ">"), ("below", "<"))


def named(*parts: str) -> str:
    """Return a column as `dataset.column`, quoted where a plain identifier would not do."""
    return ".".join(part if _PLAIN.match(part) else '"' + part.replace('"', '""') + '"' for part in parts)


def literal(value: object) -> str:
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, dt.date):
        return f"DATE '{value.isoformat()}'"
    if isinstance(value, (int, float)):
        return repr(value)
    return "'" + str(value).replace("'", "''") + "'"


class Texts:
    """Writes expressions of one catalogue; `dataset.column` names are those of the exported datasets."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue, self._graph = catalogue, catalogue.graph

    def formula(self, parts: Sequence[Part], node: Node, above: str = "") -> str:
        """Return the arithmetic of a formula; every divisor is guarded, because a division by zero is empty here."""
        if isinstance(node, Leaf):
            return self.part(parts[node.part])
        if isinstance(node, Constant):
            return repr(node.value)
        left, right = self.formula(parts, node.left, node.op), self.formula(parts, node.right, "right" + node.op)
        if node.op == "/":
            return f"{left} / NULLIF({self.formula(parts, node.right)}, 0)"
        text = f"{left} {node.op} {right}"
        return f"({text})" if above and (node.op in "+-" or above.startswith("right")) else text

    def part(self, part: Part) -> str:
        measure = part.measure
        if part.shape != "rows" or part.trailing is not None or part.to_date is not None or part.back or part.by or measure.via is not None:
            raise NotCarriedError("the format has expressions of one aggregate only: no states, populations, windows, first rows, conversions or experiments")
        if self._catalogue.models[measure.model].source != "warehouse":
            raise NotCarriedError("it reads the ledger, which is no dataset")
        tests = [self.condition(item, measure) for item in measure.where]
        test = " AND ".join(f"({text})" for text in tests) if len(tests) > 1 else (tests[0] if tests else "")
        if measure.agg == "count":
            primary = self._graph.primary(measure.model)
            if test:
                return f"COUNT(CASE WHEN {test} THEN 1 END)"
            if primary is None:
                raise NotCarriedError("it counts the rows of a table without a primary key; COUNT(*) would not say of which dataset")
            return f"COUNT({named(measure.model, primary.column)})"
        if measure.agg == "sum":
            column = named(measure.model, measure.column or "")
            if measure.scale != 1.0:
                column = f"{column} * {measure.scale!r}"
            if measure.divisor != 1:
                column = f"{column} / {float(measure.divisor)!r}"
            return f"SUM(CASE WHEN {test} THEN {column} END)" if test else f"SUM({column})"
        entity = self._graph.entity(measure.model, measure.entity or "")
        if entity is None:
            raise NotCarriedError(f"{measure.agg} of {measure.entity} has no counterpart")
        column = named(measure.model, entity.column)
        return f"COUNT(DISTINCT CASE WHEN {test} THEN {column} END)" if test else f"COUNT(DISTINCT {column})"

    # ------------------------------------------------------------------ conditions

    def condition(self, item: Condition, measure: Measure) -> str:
        """Return one condition with the NULL behaviour that it has here."""
        tests: list[str] = []
        if item.dimension is not None:
            tests += self._dimension(item, measure)
        elif item.column is not None:
            tests += self._column(item, named(measure.model, item.column))
        for inner, word in ((item.any_of, " OR "), (item.all_of, " AND ")):
            if inner:
                tests.append("(" + word.join(self.condition(one, measure) for one in inner) + ")")
        if not tests:
            raise NotCarriedError("an empty condition has no counterpart")
        return " AND ".join(tests)

    def _column(self, item: Condition, column: str) -> list[str]:
        tests = []
        if item.equals is True:
            tests.append(column)
        elif item.equals is False:
            tests.append(f"({column} IS NULL OR NOT {column})")
        elif item.equals is not None:
            tests.append(f"{column} = {literal(item.equals)}")
        if item.one_of is not None:
            tests.append(f"{column} IN ({', '.join(literal(value) for value in item.one_of)})")
        tests += [f"{column} {op} {literal(value)}" for key, op in _TESTS if (value := getattr(item, key)) is not None]
        if item.null is not None:
            tests.append(f"{column} IS {'' if item.null else 'NOT '}NULL")
        return tests

    def _dimension(self, item: Condition, measure: Measure) -> list[str]:
        name = item.dimension or ""
        dimension = self._catalogue.dimensions[name]
        route = self._graph.route(measure.model, name)
        values = [item.equals] if item.equals is not None else list(item.one_of or ())
        ordered = any(getattr(item, key) is not None for key, _ in _TESTS) or item.null is not None
        plain = route is not None and route.source.part is None and not dimension.translate and dimension.derived is None
        if not plain or route is None or dimension.type == "boolean" or ordered or UNKNOWN in values or not values:
            raise NotCarriedError(f"its condition on {name} is of a computed dimension or of its unknown group")
        if len(route.hops) > 1:
            raise NotCarriedError(f"its condition on {name} is {len(route.hops)} joins away")
        column = named(route.model, route.source.column)
        return [f"{column} = {literal(values[0])}" if len(values) == 1 else f"{column} IN ({', '.join(literal(value) for value in values)})"]
