"""A change that is not called a loosening never lets anybody see more: random bundles and edits, judged by the independent evaluator."""

from __future__ import annotations

import copy
import datetime as dt
import random
from typing import Any

from governance.access.comparing import shifts
from tests.soundness import policy_oracle as oracle
from tests.soundness.test_policy_decisions import policy_of

TODAY = dt.date(2026, 11, 1)


def edited(bundle: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    """Return the bundle with one to three edits, most of them small."""
    made = copy.deepcopy(bundle)
    for _ in range(chance.randint(1, 3)):
        if not made["rules"]:
            break
        rule, role = chance.choice(made["rules"]), chance.choice(made["roles"])
        kind = chance.choice(["delete", "k", "role_k", "row", "unrow", "flip", "purpose", "until", "names", "values", "mask", "unmask", "right", "role_right"])
        if kind == "delete":
            made["rules"].remove(rule)
        elif kind == "mask" and rule["effect"] != "deny":
            dimension = chance.choice(list(oracle.COARSER))
            rule["masks"] = [{"dimension": dimension, "to": chance.choice(oracle.COARSER[dimension][:2])}]
        elif kind == "unmask":
            rule.pop("masks", None)
        elif kind == "right" and rule["effect"] == "allow":
            rule[chance.choice(["export", "model_egress"])] = chance.random() < 0.5
        elif kind == "role_right":
            role[chance.choice(["export", "model_egress"])] = chance.random() < 0.5
        elif kind == "k" and rule["effect"] == "allow":
            rule["minimum_group"] = {"entity": "hcp", "k": chance.choice([0, 5, 10, 20])}
        elif kind == "role_k":
            role["minimum_group"] = {"entity": "hcp", "k": chance.choice([5, 10, 20])}
        elif kind == "row" and rule["effect"] == "allow":
            rule.setdefault("rows", []).append({"dimension": "region", "values": chance.sample(oracle.REGIONS, 1)})
        elif kind == "unrow":
            rule.pop("rows", None)
        elif kind == "values" and rule.get("rows"):
            rule["rows"][0]["values"] = [*rule["rows"][0]["values"], *chance.sample(oracle.REGIONS, 1)]
        elif kind == "flip" and not set(rule) & {"rows", "minimum_group", "masks", "export", "model_egress"} and rule["effect"] != "limit":
            rule["effect"] = "deny" if rule["effect"] == "allow" else "allow"
        elif kind == "purpose":
            role["purposes"] = chance.sample(oracle.PURPOSES, chance.randint(0, 3))
        elif kind == "until":
            rule["effective_until"] = chance.choice(oracle.DAYS)
        elif kind == "names":
            rule["metrics"]["without"] = chance.sample(list(oracle.METRICS), 2)
    return made


def sees_more(before: Any, after: Any) -> bool:
    """Return whether the second decision lets the caller see what the first did not."""
    if isinstance(after, str):
        return False
    if isinstance(before, str):
        return True
    (old_k, old_scopes, _, old_by, *old_rights), (new_k, new_scopes, _, new_by, *new_rights) = before, after
    finer = any(name not in old_by and not any(name in oracle.COARSER.get(other, ()) for other in old_by) for name in new_by)
    if finer or any(new and not old for old, new in zip(old_rights, new_rights, strict=True)):
        return True
    unscoped = any(
        not any(dimension == other and set(values) <= set(wider) for dimension, values in new_scopes) for other, wider in old_scopes
    )
    return unscoped or (new_k < old_k and old_k > 1)


def test_what_is_not_called_a_loosening_shows_nobody_more():
    chance = random.Random(11)
    quiet = loud = 0
    for _ in range(150):
        made = oracle.Random(chance)
        before = made.bundle()
        after = edited(before, chance)
        found = list(shifts(policy_of(before), policy_of(after), today=TODAY))
        looser = any(item.looser for item in found)
        quiet, loud = quiet + (not looser and before != after), loud + looser
        for _ in range(12):
            request = made.request()
            if request["day"] < TODAY.isoformat():
                continue
            # A default purpose is another question when the defaults differ; the comparison is by purpose.
            request["purpose"] = request["purpose"] or chance.choice(oracle.PURPOSES)
            if sees_more(oracle.decide(before, request), oracle.decide(after, request)):
                assert looser, f"{request}\n{before}\n{after}"
    assert quiet >= 20 <= loud


def test_a_bundle_compared_with_itself_differs_in_nothing():
    bundle = oracle.Random(random.Random(5)).bundle()
    assert list(shifts(policy_of(bundle), policy_of(copy.deepcopy(bundle)), today=TODAY)) == []
