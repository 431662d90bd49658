"""From a measure's aggregate and expression to ours: rows, sums and distinct values under typed conditions; an average is a ratio of two."""

from __future__ import annotations

from collections.abc import Sequence

from governance.documents.metrics import Condition, Measure
from governance.interchange.expressions import parse
from governance.interchange.filters import Resolve, condition, flattened
from governance.interchange.layout import Layout
from governance.interchange.nouns import NotCarriedError, SourceMeasure
from governance.interchange.syntax import Arithmetic, Case, Column, Constant, Node, Null

NO_AGGREGATE = "only counts, sums, distinct counts and averages are carried; the aggregate does not add up from groups"





def carried(measure: SourceMeasure, filters: Sequence[Condition], layout: Layout, resolve: Resolve) -> tuple[Measure, Measure | None]:
    """Return the measure, and for an average its divisor. Raises NotCarriedError with the reason."""
    if measure.semi_additive:
        raise NotCarriedError("it is added up over all dimensions but time (non_additive_dimension); balances have no counterpart")
    model = layout.model_of(measure)
    text = (measure.expr or measure.name).strip()
    node = measure.node or (Column("*") if text == "*" else parse(text))
    if measure.agg == "sum":
        return _sum(node, model, filters, resolve), None
    if measure.agg == "count":
        return _count(node, model, filters, resolve), None
    if measure.agg == "sum_boolean":
        return _made(model, "count", [*filters, condition(node, resolve)]), None
    if measure.agg == "count_distinct":
        return _distinct(node, model, filters, layout, resolve), None
    if measure.agg == "average":
        return _average(node, model, filters, resolve)
    raise NotCarriedError(f"{measure.agg or 'no aggregate'}: {NO_AGGREGATE}")


def _made(model: str, agg: str, where: Sequence[Condition], **more: object) -> Measure:
    return Measure.model_validate({"model": model, "agg": agg, "where": flattened(where), **more})


def _is_number(node: Node, *values: int) -> bool:
    return isinstance(node, Constant) and not isinstance(node.value, (bool, str)) and node.value in values


def _chosen(node: Node) -> tuple[Node, Node] | None:
    """Return the test and the value of `CASE WHEN test THEN value [ELSE 0 or NULL] END`."""
    if isinstance(node, Case) and len(node.whens) == 1 and (isinstance(node.otherwise, Null) or _is_number(node.otherwise, 0)):
        return node.whens[0]
    return None


def _sum(node: Node, model: str, filters: Sequence[Condition], resolve: Resolve) -> Measure:
    chosen = _chosen(node)
    if chosen is not None:
        test, value = chosen
        return _sum(value, model, [*filters, condition(test, resolve)], resolve)
    if _is_number(node, 1):
        return _made(model, "count", filters)
    if isinstance(node, Column):
        return _made(model, "sum", filters, column=_column(node, resolve))
    if isinstance(node, Arithmetic):
        left, right = node.left, node.right
        if node.op == "*" and isinstance(left, Constant):
            left, right = right, left
        if isinstance(left, Column) and isinstance(right, Constant) and isinstance(right.value, (int, float)) and not isinstance(right.value, bool):
            if node.op == "*":
                return _made(model, "sum", filters, column=_column(left, resolve), scale=float(right.value))
            if node.op == "/" and isinstance(right.value, float) and right.value == int(right.value) and right.value >= 1:
                return _made(model, "sum", filters, column=_column(left, resolve), divisor=int(right.value))
    raise NotCarriedError("it sums a computed value; plain columns, one of them times or over a number, and CASE WHEN … THEN one END are carried")


def _column(node: Column, resolve: Resolve) -> str:
    found = resolve(node).column
    if found is None:
        raise NotCarriedError(f"{node.name} is no column of the measure's own table")
    return found


def _count(node: Node, model: str, filters: Sequence[Condition], resolve: Resolve) -> Measure:
    if isinstance(node, Constant) or (isinstance(node, Column) and node.name == "*"):
        return _made(model, "count", filters)
    if isinstance(node, Column):
        return _made(model, "count", [*filters, Condition(column=_column(node, resolve), null=False)])
    # COUNT(CASE WHEN test THEN 1 END): ELSE 0 would count every row.
    if isinstance(node, Case) and len(node.whens) == 1 and isinstance(node.otherwise, Null):
        test, value = node.whens[0]
        if isinstance(value, (Constant, Column)):
            return _count(value, model, [*filters, condition(test, resolve)], resolve)
    raise NotCarriedError("it counts a computed value; count plain columns or rows")


def _distinct(node: Node, model: str, filters: Sequence[Condition], layout: Layout, resolve: Resolve) -> Measure:
    if isinstance(node, Case) and len(node.whens) == 1 and isinstance(node.otherwise, Null):
        test, value = node.whens[0]
        return _distinct(value, model, [*filters, condition(test, resolve)], layout, resolve)
    if isinstance(node, Column):
        column = _column(node, resolve)
        return _made(model, "distinct", filters, entity=layout.entity_for(model, column))
    raise NotCarriedError("it counts distinct computed values; only plain columns are carried")


def _average(node: Node, model: str, filters: Sequence[Condition], resolve: Resolve) -> tuple[Measure, Measure]:
    where = list(filters)
    if isinstance(node, Case) and len(node.whens) == 1 and isinstance(node.otherwise, Null):
        test, node = node.whens[0]
        where.append(condition(test, resolve))
    if isinstance(node, Case):
        raise NotCarriedError("it averages over rows of which some count as 0; write the ratio of two measures")
    total = _sum(node, model, where, resolve)
    if total.column is None:
        raise NotCarriedError("it averages a constant")
    return total, _made(model, "count", [*where, Condition(column=total.column, null=False)])
