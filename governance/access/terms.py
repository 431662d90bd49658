"""What a set of rules that speak together asks of a role: rows and rights AND, the largest group wins, obligations add up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from governance.documents.access import Role, RowRule, Rule
from governance.terms import MinimumGroup, Text

DEFAULT_MINIMUM_GROUP = 10
"""Where neither rule nor role says how small a group may be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a set of rules that speak together asks of a role: all that is the same for each of its callers and questions.

    `rows` are the row predicates, each once; `kept_in` the rules that let nothing leave as a file.
    """

    rules: tuple[str, ...]
    rows: tuple[RowRule, ...]
    group: MinimumGroup
    obligations: tuple[Text, ...]
    kept_in: tuple[str, ...]
    export: bool
    model_egress: bool


NO_GROUP = MinimumGroup(entity="", k=-1)
"""What a limit without a minimum group says: nothing."""


def terms_of(rule: Rule, role: Role, person: str) -> Terms:
    """Return what one rule, no denial, asks of the role. A grant without a minimum group takes its role's, else the default; a limit without one says nothing."""
    limit = rule.effect == "limit"
    group = rule.minimum_group or (None if limit else role.minimum_group)
    default = NO_GROUP if limit else MinimumGroup(entity=person, k=DEFAULT_MINIMUM_GROUP)
    export = rule.export if rule.export is not None else role.export or limit
    egress = rule.model_egress if rule.model_egress is not None else role.model_egress or limit
    return Terms(
        rules=(rule.id,),
        rows=tuple(dict.fromkeys(rule.rows)),
        group=MinimumGroup(entity=group.entity, k=group.k) if group is not None else default,
        obligations=() if rule.obligation is None else (rule.obligation.text(),),
        kept_in=() if export else (rule.id,),
        export=export,
        model_egress=egress,
    )


def joined(terms: Sequence[Terms]) -> Terms:
    """Return what several rules ask together: rows and rights AND, the largest group wins, obligations add up."""
    return Terms(
        rules=tuple(name for item in terms for name in item.rules),
        rows=tuple(dict.fromkeys(row for item in terms for row in item.rows)),
        group=max((item.group for item in terms), key=lambda group: group.k),
        obligations=tuple(dict.fromkeys(text for item in terms for text in item.obligations)),
        kept_in=tuple(name for item in terms for name in item.kept_in),
        export=all(item.export for item in terms),
        model_egress=all(item.model_egress for item in terms),
    )
