"""A straightforward evaluator of access documents, written from docs/reference/bundle.md and sharing no code with the product; and random bundles to ask it about.

Everything is plain data as it stands in YAML: no compiled sets, no bits, no casbin.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

METRICS = {
    "reach": {"stage": "initial_reach", "tags": [], "prescribing": False, "by": ["region", "province", "city", "channel", "specialty", "hcp"]},
    "touches": {"stage": "engagement", "tags": ["daily"], "prescribing": False, "by": ["region", "province", "city", "channel", "specialty", "hcp", "rep"]},
    "stages": {"stage": "perception", "tags": ["survey"], "prescribing": False, "by": ["region", "specialty"]},
    "sales": {"stage": "outcome", "tags": ["prescribing"], "prescribing": True, "by": ["region", "province", "specialty"]},
    "spend": {"stage": "outcome", "tags": [], "prescribing": False, "by": ["region", "channel"]},
}
DIMENSIONS = {
    "region": {"tags": [], "person": False, "identifying": False},
    "province": {"tags": [], "person": False, "identifying": False},
    "city": {"tags": ["place"], "person": False, "identifying": False},
    "channel": {"tags": ["touch"], "person": False, "identifying": False},
    "specialty": {"tags": ["attribute"], "person": True, "identifying": False},
    "hcp": {"tags": ["person"], "person": True, "identifying": True},
    "rep": {"tags": ["employee"], "person": True, "identifying": True},
}
COARSER = {"province": ["region", "province_group"], "city": ["province", "region", "province_group"]}
"""What tells less than a dimension; `province_group` is one that no metric can be asked by."""
DIMENSIONS["province_group"] = {"tags": [], "person": False, "identifying": False}
ROLES, PURPOSES, REGIONS = ["marketing", "sales", "other"], ["analysis", "review", "visit"], ["East", "West"]
DAYS = ["2026-11-01", "2026-11-10", "2026-11-20"]


@dataclass
class Random:
    """One random bundle and one random request."""

    chance: random.Random
    roles: list[dict[str, Any]] = field(default_factory=list)
    rules: list[dict[str, Any]] = field(default_factory=list)

    def some(self, items: list[str], least: int = 0) -> list[str]:
        return self.chance.sample(items, self.chance.randint(least, len(items)))

    def selection(self, universe: dict[str, Any], *, stages: bool) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if self.chance.random() < 0.6:
            found["all"] = True
        if self.chance.random() < 0.4:
            found["names"] = self.some(list(universe))
        if stages and self.chance.random() < 0.4:
            found["stages"] = self.some(["initial_reach", "engagement", "perception", "outcome"])
        if self.chance.random() < 0.25:
            found["tags"] = self.some(["person", "employee", "touch", "daily", "survey"])
        if self.chance.random() < 0.3:
            found["without"] = self.some(list(universe))[:2]
        if self.chance.random() < 0.2:
            found["without_tags"] = self.some(["person", "employee", "survey"])
        return found

    def bundle(self) -> dict[str, Any]:
        group = lambda: {"entity": "hcp", "k": self.chance.choice([0, 1, 5, 10, 20])}  # noqa: E731
        for name in ROLES:
            role: dict[str, Any] = {"id": name, "label": name, "department": name, "purposes": self.some(PURPOSES, self.chance.choice([0, 2, 2]))}
            if self.chance.random() < 0.6:
                role["minimum_group"] = group()
            for right in ("export", "model_egress"):
                if self.chance.random() < 0.6:
                    role[right] = self.chance.random() < 0.7
            self.roles.append(role)
        for number in range(self.chance.randint(0, 9)):
            rule: dict[str, Any] = {
                "id": f"rule_{number}", "roles": self.some(ROLES, 1), "effect": self.chance.choice(["allow", "allow", "allow", "allow", "allow", "limit", "limit", "deny"]), "purposes": self.some(PURPOSES, 1),
                "metrics": self.selection(METRICS, stages=True), "dimensions": self.selection(DIMENSIONS, stages=False), "reason": "r",
            }
            if self.chance.random() < 0.2:
                rule["metric_alone"] = False
            if rule["effect"] != "deny":
                if self.chance.random() < 0.4:
                    rule["minimum_group"] = group()
                rows = []
                if self.chance.random() < 0.4:
                    rows.append({"dimension": "region", "values": [self.chance.choice(["$actor.region", *REGIONS])]})
                if self.chance.random() < 0.2:
                    rows.append({"dimension": "rep", "values": ["$actor.rep"], "only_with": self.some(list(DIMENSIONS), 1)})
                if rows:
                    rule["rows"] = rows
                masks = [
                    {"dimension": name} | ({"hide": True} if self.chance.random() < 0.15 else {"to": self.chance.choice([*coarser[:2], coarser[0]])})
                    for name, coarser in COARSER.items()
                    if self.chance.random() < 0.25
                ]
                if masks:
                    rule["masks"] = masks
                for right in ("export", "model_egress"):
                    if self.chance.random() < 0.25:
                        rule[right] = False if rule["effect"] == "limit" else self.chance.random() < 0.6
                if rule["effect"] == "limit" and not set(rule) & {"rows", "minimum_group", "masks", "export", "model_egress"}:
                    rule["obligation"] = "o"
            if self.chance.random() < 0.3:
                rule["effective_from"] = self.chance.choice(DAYS)
            if self.chance.random() < 0.2:
                rule["effective_until"] = self.chance.choice(DAYS)
            self.rules.append(rule)
        purposes = [{"id": name, "label": name} for name in PURPOSES]
        return {"purposes": purposes, "roles": self.roles, "rules": self.rules}

    def request(self) -> dict[str, Any]:
        where = [] if self.chance.random() < 0.7 else self.some(REGIONS, 1)
        return {
            "role": self.chance.choice([*ROLES, *ROLES, "stranger"]), "attributes": self.chance.choice([{}, {"region": "East"}, {"region": "West", "rep": "R1"}]),
            "purpose": self.chance.choice([None, *PURPOSES]), "metrics": self.some(list(METRICS), 1)[: self.chance.choice([1, 1, 2])],
            "group_by": self.some(self.chance.choice([list(DIMENSIONS), ["region", "province", "city", "channel"]]))[: self.chance.choice([0, 1, 1, 2])], "regions": where, "day": self.chance.choice(["2026-10-31", *DAYS, "2026-11-15"]),
        }


def _selected(selection: dict[str, Any], name: str, facts: dict[str, Any]) -> bool:
    into = selection.get("all") or name in selection.get("names", []) or facts.get("stage") in selection.get("stages", [])
    into = into or any(tag in selection.get("tags", []) for tag in facts["tags"])
    return bool(into) and name not in selection.get("without", []) and not any(tag in selection.get("without_tags", []) for tag in facts["tags"])


def _speaking(bundle: dict[str, Any], role: str, purpose: str, metric: str, dimension: str | None, day: str) -> list[dict[str, Any]]:
    found = []
    for rule in bundle["rules"]:
        if rule.get("effective_from", "0") > day or rule.get("effective_until", "9") <= day:
            continue
        if role not in rule["roles"] or purpose not in rule["purposes"] or not _selected(rule["metrics"], metric, METRICS[metric]):
            continue
        about = rule.get("metric_alone", True) if dimension is None else _selected(rule["dimensions"], dimension, DIMENSIONS[dimension])
        if about:
            found.append(rule)
    return found


def _masked(rules: list[dict[str, Any]], dimension: str) -> str | None:
    """Return what the rules show the dimension by: itself, a coarser one, or None where they hide it or can't all be satisfied."""
    targets = {"" if mask.get("hide") else mask["to"] for rule in rules for mask in rule.get("masks", []) if mask["dimension"] == dimension}
    if not targets:
        return dimension
    for target in targets:
        if target in COARSER.get(dimension, []) and all(target == other or target in COARSER.get(other, []) for other in targets):
            return target
    return None


def _ok(rules: list[dict[str, Any]]) -> bool:
    return any(rule["effect"] == "allow" for rule in rules) and not any(rule["effect"] == "deny" for rule in rules)


def decide(bundle: dict[str, Any], request: dict[str, Any]) -> Any:
    """Return a refusal's code, or (k, scopes, rules, dimensions by which it is told, may it be exported, may it go to a model) of the grant."""
    metrics, day, role_id = request["metrics"], request["day"], request["role"]
    dimensions = list(dict.fromkeys([*request["group_by"], *(["region"] if request["regions"] else [])]))
    if any(METRICS[m]["prescribing"] for m in metrics) and any(DIMENSIONS[d]["person"] for d in dimensions):
        return "prescription_by_doctor"
    role = next((item for item in bundle["roles"] if item["id"] == role_id), None)
    purpose = request["purpose"] or (role["purposes"][0] if role and role["purposes"] else None)
    for dimension in dimensions:
        if DIMENSIONS[dimension]["identifying"] and not any(purpose and _ok(_speaking(bundle, role_id, purpose, m, dimension, day)) for m in METRICS):
            return "individual_level"
    if role is None or purpose is None or purpose not in role["purposes"]:
        return "purpose_not_allowed"
    for metric in metrics:
        by_any = [_ok(_speaking(bundle, role_id, purpose, metric, d, day)) for d in METRICS[metric]["by"]]
        alone = _ok(_speaking(bundle, role_id, purpose, metric, None, day))
        if not (alone or any(by_any)) or (not dimensions and not alone):
            return "metric_not_allowed"
    for metric in metrics:
        for dimension in dimensions:
            if dimension not in METRICS[metric]["by"] or not _ok(_speaking(bundle, role_id, purpose, metric, dimension, day)):
                return "dimension_not_allowed"
    shown: dict[str, str] = {}
    for dimension in dimensions:
        target = _masked([rule for metric in metrics for rule in _speaking(bundle, role_id, purpose, metric, dimension, day)], dimension)
        if target is None or (target != dimension and dimension == "region" and request["regions"]):
            return "dimension_not_allowed"
        shown[dimension] = target
    k, scopes, rules, rights = 0, set(), set(), {"export": True, "model_egress": True}
    for metric in metrics:
        for dimension in dimensions or [None]:
            for rule in _speaking(bundle, role_id, purpose, metric, dimension, day):
                rules.add(rule["id"])
                for right in rights:
                    silent = rule["effect"] == "limit" or role.get(right, False)
                    rights[right] = rights[right] and rule.get(right, silent)
                if rule["effect"] == "allow" or "minimum_group" in rule:
                    k = max(k, (rule.get("minimum_group") or role.get("minimum_group") or {"k": 10})["k"])
                for row in rule.get("rows", []):
                    if row.get("only_with") and not set(row["only_with"]) & set(dimensions):
                        continue
                    values = [request["attributes"].get(v[7:]) if v.startswith("$actor.") else v for v in row["values"]]
                    scopes.add((row["dimension"], tuple(v for v in values if v)))
    for region in request["regions"]:
        if any(dimension == "region" and region not in values for dimension, values in scopes):
            return "row_scope"
    by = tuple(dict.fromkeys(shown[dimension] for dimension in request["group_by"]))
    mine = k, scopes, rules, by, rights["export"], rights["model_egress"]
    if by == tuple(request["group_by"]):
        return mine
    coarser = decide(bundle, request | {"group_by": list(by)})
    if isinstance(coarser, str):
        return coarser
    return max(k, coarser[0]), scopes | coarser[1], rules | coarser[2], coarser[3], mine[4] and coarser[4], mine[5] and coarser[5]
