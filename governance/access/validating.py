"""Rules that mean nothing, contradict each other, or reach across the firewall: what a list of valid names does not show.

`forbidden` is law and judged whenever a bundle is loaded; `check_rules` is asked before a bundle is submitted. There is no inheritance between roles, so
none reaches through another but by a rule that names both; and no policy text is ever evaluated, so there is nothing to escape from.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from governance.access.firewall import MEDICAL, commercial
from governance.access.judge import ALONE, CompiledRule
from governance.access.policy import ACTOR_PREFIX, Policy
from governance.documents.access import AccessDocument, Role, RowRule, Selection
from governance.documents.reading import Read
from governance.errors import Problem, nearest

PAGES = ("review", "committee", "data")

Cell = tuple[str, str, str, str]
"""(role, purpose, metric, dimension or ALONE)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """Problems stop a bundle; warnings are told."""

    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]


class Places:
    """Where each role and rule stands."""

    def __init__(self, reads: Sequence[Read[AccessDocument]]) -> None:
        self._rules = {rule.id: (read, index) for read in reads for index, rule in enumerate(read.document.rules)}
        self._roles = {role.id: (read, index) for read in reads for index, role in enumerate(read.document.roles)}
        self._purposes = {purpose.id: (read, index) for read in reads for index, purpose in enumerate(read.document.purposes)}

    def rule(self, name: str, *path: str | int) -> str:
        read, index = self._rules[name]
        return read.where("rules", index, *path)

    def role(self, name: str, *path: str | int) -> str:
        read, index = self._roles[name]
        return read.where("roles", index, *path)

    def purpose(self, name: str) -> str:
        read, index = self._purposes[name]
        return read.where("purposes", index)


def cells_of(policy: Policy, compiled: CompiledRule) -> Iterator[Cell]:
    """Yield the sound requests that a rule speaks about: purposes that its roles may state, dimensions that its metrics can be asked by."""
    facts = policy.vocabulary.metrics
    for role in compiled.rule.roles:
        may_state = policy.roles[role].purposes if role in policy.roles else ()
        for purpose in compiled.rule.purposes:
            if purpose not in may_state:
                continue
            for metric in sorted(compiled.metrics & facts.keys()):
                if compiled.rule.metric_alone:
                    yield role, purpose, metric, ALONE
                for dimension in facts[metric].dimensions:
                    if dimension in compiled.dimensions and not (facts[metric].prescribing and policy.vocabulary.dimensions[dimension].about_person):
                        yield role, purpose, metric, dimension


def forbidden(policy: Policy, reads: Sequence[Read[AccessDocument]]) -> list[Problem]:
    """Return every rule that opens the firewall: a medical role with a commercial metric. No bundle can be loaded with one, on whatever day it would begin."""
    places, found = Places(reads), []
    for name, compiled in policy.rules.items():
        medical = [role for role in compiled.rule.roles if role in policy.roles and policy.roles[role].department in MEDICAL]
        if compiled.rule.effect != "allow" or not medical:
            continue
        crossing = sorted(metric for metric in compiled.metrics if commercial(policy.vocabulary.metrics[metric]))
        # A denial beside it would close the gap today and open it when somebody deletes the denial: the grant itself must not be there.
        if crossing:
            message = f"{name}: the firewall between medical and commercial: {', '.join(medical)} can't be allowed {', '.join(crossing[:5])}"
            found.append(Problem(where=places.rule(name, "metrics"), message=message))
    return found


def check_rules(policy: Policy, reads: Sequence[Read[AccessDocument]], *, today: dt.date) -> Findings:
    """Return what is wrong or doubtful with rules whose names are all known."""
    places = Places(reads)
    problems: list[Problem] = []
    warnings: list[Problem] = []
    spoken = {name: list(cells_of(policy, compiled)) for name, compiled in policy.rules.items()}
    _never(policy, places, spoken, problems)
    _ended(policy, places, today, warnings)
    _overlaps(policy, places, spoken, problems, warnings)
    _rows(policy, places, problems)
    _groups(policy, places, problems)
    _masks(policy, places, problems, warnings)
    _tags(policy, places, warnings)
    _roles(policy, places, spoken, problems, warnings)
    _across(policy, places, warnings)
    return Findings(problems=tuple(problems), warnings=tuple(warnings))


def _never(policy: Policy, places: Places, spoken: Mapping[str, list[Cell]], problems: list[Problem]) -> None:
    for name, compiled in policy.rules.items():
        rule = compiled.rule
        begins, ends = rule.effective_from, rule.effective_until
        if begins is not None and ends is not None and ends <= begins:
            problems.append(Problem(where=places.rule(name, "effective_until"), message=f"{name} can never match: it ends on or before the day it begins"))
        for role in rule.roles:
            if policy.roles[role].purposes and not set(rule.purposes) & set(policy.roles[role].purposes):
                message = f"{name} can never match for {role}, which may state only {', '.join(policy.roles[role].purposes)}"
                problems.append(Problem(where=places.rule(name, "purposes"), message=message))
            elif not policy.roles[role].purposes:
                problems.append(Problem(where=places.rule(name, "roles"), message=f"{name} can never match for {role}: a role without purposes gets no answers"))
        if not spoken[name] and rule.effect != "deny" and not any(role_problem.where == places.rule(name, "purposes") for role_problem in problems):
            why = "its metrics select nothing" if not compiled.metrics else "none of its metrics can be asked by any of its dimensions"
            problems.append(Problem(where=places.rule(name), message=f"{name} can never match: {why}"))
        elif not compiled.metrics:
            problems.append(Problem(where=places.rule(name, "metrics"), message=f"{name} can never match: its metrics select nothing"))


def _ended(policy: Policy, places: Places, today: dt.date, warnings: list[Problem]) -> None:
    for name, compiled in policy.rules.items():
        if compiled.rule.effective_until is not None and compiled.rule.effective_until <= today:
            warnings.append(Problem(where=places.rule(name, "effective_until"), message=f"{name} has ended and can be deleted"))


def _obligations(compiled: CompiledRule) -> tuple[object, ...]:
    rule = compiled.rule
    dated = (rule.effective_from, rule.effective_until)
    return (*sorted(map(repr, rule.rows)), *sorted(map(repr, rule.masks)), rule.export, rule.model_egress, rule.minimum_group, rule.obligation, dated)


def _overlaps(
    policy: Policy, places: Places, spoken: Mapping[str, list[Cell]], problems: list[Problem], warnings: list[Problem]
) -> None:
    """An allowance that is denied everywhere, or that another one makes superfluous; rules that pull the same request two ways."""
    judge = policy.judge
    dated = {name for name, item in policy.rules.items() if item.rule.effective_from or item.rule.effective_until}
    for number, compiled in enumerate(judge.rules):
        name = compiled.rule.id
        others = [{item.rule.id for item in judge.matching(*cell)} - {name} for cell in spoken[name]]
        if not others:
            continue
        deniers = [{other for other in found if policy.rules[other].rule.effect == "deny" and other not in dated} for found in others]
        if compiled.rule.effect == "allow" and all(deniers):
            by = ", ".join(sorted(set().union(*deniers)))
            problems.append(Problem(where=places.rule(name), message=f"{name} conflicts with {by}, which denies everything that it allows: it never has an effect"))
            continue
        if compiled.rule.effect == "allow" and any(deniers):
            by = ", ".join(sorted(set().union(*deniers)))
            some = sum(1 for found in deniers if found)
            warnings.append(Problem(where=places.rule(name), message=f"{name} and {by} conflict on {some} of {len(others)} combinations; the denial holds there"))
        always = set.intersection(*others)
        for other in sorted(always):
            same = policy.rules[other].rule.effect == compiled.rule.effect and _obligations(policy.rules[other]) == _obligations(compiled)
            # Of two rules that say exactly the same, only the later one is superfluous.
            twins = set(spoken[other]) == set(spoken[name])
            if same and (not twins or list(policy.rules).index(other) < number):
                problems.append(Problem(where=places.rule(name), message=f"{name} is shadowed by {other} ({places.rule(other)}), which says the same and more"))
                break


def _rows(policy: Policy, places: Places, problems: list[Problem]) -> None:
    vocabulary = policy.vocabulary
    for name, compiled in policy.rules.items():
        for index, row in enumerate(compiled.rule.rows):
            where = places.rule(name, "rows", index)
            problems.extend(
                Problem(where=where, message=f"{name}: {value!r} is no attribute of the caller; write {ACTOR_PREFIX}name")
                for value in (*row.values, *row.keys)
                if value.startswith("$") and not _attribute(value)
            )
            if row.dimension is not None and vocabulary.values is not None and row.dimension in vocabulary.values:
                known = vocabulary.values[row.dimension]
                problems.extend(
                    Problem(where=where, message=f"{name}: {row.dimension} has no value {value!r}.{nearest(value, known)}")
                    for value in row.values
                    if not value.startswith("$") and value not in known
                )
            if row.only_with and not set(row.only_with) & compiled.dimensions:
                problems.append(Problem(where=where, message=f"{name}: the row predicate can never apply: the rule allows none of {', '.join(row.only_with)}"))
            if row.link is not None and vocabulary.links is not None:
                _link(name, row, vocabulary.links, where, problems)
        _empty(name, compiled.rule.rows, places, problems)


def _attribute(value: str) -> bool:
    return value.startswith(ACTOR_PREFIX) and value.removeprefix(ACTOR_PREFIX).replace("_", "a").isalnum()


def _link(name: str, row: RowRule, links: Mapping[str, frozenset[str]], where: str, problems: list[Problem]) -> None:
    table = links.get(row.link or "")
    if table is None:
        problems.append(Problem(where=where, message=f"{name}: unknown link table {row.link!r}.{nearest(str(row.link), links)}"))
        return
    problems.extend(
        Problem(where=where, message=f"{name}: {row.link} has no entity {entity!r}.{nearest(str(entity), table)}")
        for entity in (row.entity, row.to_entity)
        if entity not in table
    )


def _empty(name: str, rows: Sequence[RowRule], places: Places, problems: list[Problem]) -> None:
    """Row predicates AND: two of one dimension without a common value leave no row."""
    fixed: dict[str, set[str]] = {}
    for row in rows:
        if row.dimension is None or row.only_with or any(value.startswith(ACTOR_PREFIX) for value in row.values):
            continue
        fixed[row.dimension] = fixed.get(row.dimension, set(row.values)) & set(row.values)
        if not fixed[row.dimension]:
            problems.append(Problem(where=places.rule(name, "rows"), message=f"{name}: the row predicates conflict: no row has {row.dimension} in all of them"))


def _groups(policy: Policy, places: Places, problems: list[Problem]) -> None:
    persons = policy.vocabulary.persons
    if persons is None:
        return
    wheres = [(places.role(name, "minimum_group"), role.minimum_group) for name, role in policy.roles.items()]
    wheres += [(places.rule(name, "minimum_group"), item.rule.minimum_group) for name, item in policy.rules.items()]
    for where, group in wheres:
        if group is not None and group.entity not in persons:
            message = f"minimum groups are counted in persons; {group.entity!r} is no person of the metrics.{nearest(group.entity, persons)}"
            problems.append(Problem(where=where, message=message))


def _masks(policy: Policy, places: Places, problems: list[Problem], warnings: list[Problem]) -> None:
    """A mask tells less of what its rule speaks about, by what can be asked, and no finer dimension of the same rule goes round it."""
    facts = policy.vocabulary.dimensions
    for name, compiled in policy.rules.items():
        masked = {mask.dimension for mask in compiled.rule.masks}
        if len(masked) < len(compiled.rule.masks):
            problems.append(Problem(where=places.rule(name, "masks"), message=f"{name} masks a dimension twice"))
        for index, mask in enumerate(compiled.rule.masks):
            where = places.rule(name, "masks", index)
            if mask.dimension not in compiled.dimensions:
                problems.append(Problem(where=where, message=f"{name}: the mask can never apply: the rule does not speak about {mask.dimension}"))
                continue
            if mask.to is not None and mask.to not in facts[mask.dimension].coarser:
                known = sorted(facts[mask.dimension].coarser)
                hint = f"; coarser are {', '.join(known)}" if known else "; nothing is: derive a dimension from it"
                problems.append(Problem(where=where, message=f"{name}: {mask.to} is not coarser than {mask.dimension}{hint}"))
            finer = sorted(item for item in compiled.dimensions - masked if mask.dimension in facts[item].coarser and not facts[item].identifying)
            if finer:
                told = f"{name}: {', '.join(finer)} would tell what the mask of {mask.dimension} hides; mask it as well"
                (problems if compiled.rule.effect == "allow" else warnings).append(Problem(where=where, message=told))
        _unshown(policy, places, compiled, problems)


def _tags(policy: Policy, places: Places, warnings: list[Problem]) -> None:
    """A tag that nothing carries: what it was meant to leave out is left in."""
    carried = {
        "metrics": {tag for facts in policy.vocabulary.metrics.values() for tag in facts.tags},
        "dimensions": {tag for facts in policy.vocabulary.dimensions.values() for tag in facts.tags},
    }
    for name, compiled in policy.rules.items():
        for part, known in carried.items():
            selection: Selection = getattr(compiled.rule, part)
            warnings.extend(
                Problem(where=places.rule(name, part), message=f"{name}: none of the {part} carries the tag {tag!r}.{nearest(tag, known)}")
                for tag in (*selection.tags, *selection.without_tags)
                if tag not in known
            )


def _unshown(policy: Policy, places: Places, compiled: CompiledRule, problems: list[Problem]) -> None:
    """A dimension is masked by one that nobody of the role may ask by, for any metric."""
    rule, judge = compiled.rule, policy.judge
    for index, mask in enumerate(rule.masks):
        if mask.to is None or mask.dimension not in compiled.dimensions:
            continue
        asked = [
            (role, purpose, metric)
            for role in rule.roles
            for purpose in rule.purposes
            for metric in sorted(compiled.metrics)
            if mask.dimension in policy.vocabulary.metrics[metric].dimensions and judge.allows(role, purpose, metric, mask.dimension)
        ]
        if asked and not any(judge.allows(*request, mask.to) and mask.to in policy.vocabulary.metrics[request[2]].dimensions for request in asked):
            where = places.rule(rule.id, "masks", index)
            problems.append(Problem(where=where, message=f"{rule.id}: {mask.dimension} is shown by {mask.to}, which no rule allows; it could not be asked at all"))


def _roles(
    policy: Policy, places: Places, spoken: Mapping[str, list[Cell]], problems: list[Problem], warnings: list[Problem]
) -> None:
    granted = {cell[0] for name, cells in spoken.items() if policy.rules[name].rule.effect == "allow" for cell in cells}
    stated = {purpose for role in policy.roles.values() for purpose in role.purposes}
    for name, role in policy.roles.items():
        problems.extend(
            Problem(where=places.role(name, "pages"), message=f"unknown page {page!r}.{nearest(page, PAGES)}") for page in role.pages if page not in PAGES
        )
        if len(set(role.purposes)) < len(role.purposes):
            problems.append(Problem(where=places.role(name, "purposes"), message=f"{name} names a purpose twice"))
        if role.purposes and name not in granted:
            warnings.append(Problem(where=places.role(name), message=f"no rule allows {name} anything, though it may state purposes"))
    warnings.extend(Problem(where=places.purpose(name), message=f"no role may state the purpose {name}") for name in policy.purposes if name not in stated)


def _across(policy: Policy, places: Places, warnings: list[Problem]) -> None:
    """One grant for several departments: whoever widens it for one widens it for the others."""
    for name, compiled in policy.rules.items():
        roles: Iterable[Role] = (policy.roles[role] for role in compiled.rule.roles)
        departments = sorted({role.department for role in roles})
        if compiled.rule.effect == "allow" and len(departments) > 1:
            message = f"{name} speaks for {' and '.join(departments)}: one department reaches through a rule that is also another's; give each its own"
            warnings.append(Problem(where=places.rule(name, "roles"), message=message))
