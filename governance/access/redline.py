"""The red line of the field, in code: no prescribing measure by doctor, doctor attribute, representative, team or territory.

统方: the health ministry's 九不准 (2013) and 九项准则 (2021), and the registration rules for medical representatives (2020); cited from secondary
sources, unverified. No bundle can remove this: it is judged before any rule, and a bundle that drops the tag from a measure of these columns is invalid.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from governance.access.vocabulary import Vocabulary
from governance.terms import MetricQuery, Refusal, Text

PRESCRIBING = "prescribing"
PRESCRIBING_COLUMNS = frozenset({("fct_sales", "units"), ("fct_sales", "revenue_cny"), ("fct_target", "target_revenue_cny")})
"""Table and column of every prescribing measure of the star schema (domain.md section 3)."""

RULE = "red_line_prescribing"
REASON = Text(
    zh="按医生、科室或代表统计药品销售或处方属于“统方”，法规禁止，任何人都不能查看。",
    en="Statistics of what individual doctors, departments or representatives prescribe or sell (统方) are forbidden by regulation; nobody may see them.",
)
INSTEAD = (
    Text(zh="按大区、省份、城市、医院或产品查看销售额", en="Sales by region, province, city, hospital or product"),
    Text(zh="按科室或客户分型查看触达率", en="Reach rate by specialty or segment"),
)


def refusal() -> Refusal:
    """Return the refusal, the same for every wording and every caller."""
    return Refusal(code="prescription_by_doctor", message=REASON, rule=RULE, you_may=INSTEAD)


def crosses(query: MetricQuery, vocabulary: Vocabulary, names: Sequence[str] | None = None) -> bool:
    """Return whether a prescribing metric meets a dimension that is about a person. `names`: the query's dimensions, where they are known already."""
    for metric in query.metrics:
        if vocabulary.metrics[metric].prescribing:
            named = query.named_dimensions() if names is None else names
            return any(vocabulary.dimensions[name].about_person for name in named)
    return False


def untagged(columns_of_metric: Iterable[tuple[str, frozenset[tuple[str, str]], bool]]) -> list[str]:
    """Return the metrics that read a prescribing column without being prescribing: `(metric, (table, column) pairs, prescribing)`."""
    return [metric for metric, columns, prescribing in columns_of_metric if columns & PRESCRIBING_COLUMNS and not prescribing]
