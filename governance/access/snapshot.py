"""The compiled policy: casbin's decisions as bit sets, immutable, a few microseconds each whatever the number of rules.

Every role, purpose, metric and dimension has one integer whose bit i says whether rule i speaks about it; a request's rules are the bits that its four
integers share. It allows when one of them allows and none denies: the effect of `judge.Judge`'s model, with which property tests and `prove` hold it equal.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from governance.access.judge import ALONE, EFFECTS, CompiledRule, Judge


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Decisions for one immutable set of rules. Unknown names and empty texts share no bit with any rule, so they are denied."""

    rules: tuple[CompiledRule, ...]
    _roles: Mapping[str, int]
    _purposes: Mapping[str, int]
    _metrics: Mapping[str, int]
    _dimensions: Mapping[str, int]
    _grants: int
    _denials: int
    masking: Mapping[str, int] = field(default_factory=dict)
    """The rules that mask a dimension, as bits of `rules`."""

    @classmethod
    def compile(cls, rules: Iterable[CompiledRule]) -> Snapshot:
        """Compile rules; raise ValueError for an effect that is none of `EFFECTS`, so that a mistyped denial can't become nothing."""
        kept = tuple(rules)
        roles: dict[str, int] = {}
        purposes: dict[str, int] = {}
        metrics: dict[str, int] = {}
        dimensions: dict[str, int] = {}
        masking: dict[str, int] = {}
        grants = denials = 0
        for index, compiled in enumerate(kept):
            bit = 1 << index
            if compiled.rule.effect not in EFFECTS:
                raise ValueError(f"rule {compiled.rule.id} can't be compiled")
            if compiled.rule.effect == "deny":
                denials |= bit
            elif compiled.rule.effect == "allow":
                grants |= bit
            for mask in compiled.rule.masks:
                masking[mask.dimension] = masking.get(mask.dimension, 0) | bit
            about = (*compiled.dimensions, ALONE) if compiled.rule.metric_alone else tuple(compiled.dimensions)
            pairs = ((roles, compiled.rule.roles), (purposes, compiled.rule.purposes), (metrics, compiled.metrics), (dimensions, about))
            for into, names in pairs:
                for name in set(names):
                    into[name] = into.get(name, 0) | bit
        return cls(kept, roles, purposes, metrics, dimensions, grants, denials, masking)

    def bits(self, role: str, purpose: str, metric: str, dimension: str = ALONE) -> int:
        """Return the rules that speak about the request, as bits of `rules`."""
        found = self._roles.get(role, 0) & self._purposes.get(purpose, 0)
        return found and found & self._metrics.get(metric, 0) & self._dimensions.get(dimension, 0)

    def allows(self, role: str, purpose: str, metric: str, dimension: str = ALONE) -> bool:
        """Return whether a rule allows the request and none denies it."""
        found = self.bits(role, purpose, metric, dimension)
        return found & self._grants != 0 and found & self._denials == 0

    def matching(self, role: str, purpose: str, metric: str, dimension: str = ALONE) -> list[CompiledRule]:
        """Return the rules that speak about the request, denials included, in the order of the bundle."""
        return [self.rules[index] for index in indices(self.bits(role, purpose, metric, dimension))]

    def prove(self, *, sample: int, seed: int) -> str | None:
        """Hold the snapshot against casbin: one request for every combination of rules that can speak together, and `sample` random ones.

        Returns None when all are equal, else the first request that is not. Meant for the moment of activation, not for requests.
        """
        judge = Judge({compiled.rule.id: compiled for compiled in self.rules})
        chance = random.Random(seed)  # noqa: S311 - which requests are compared needs no secrecy, and must be the same again
        names = [sorted(part) or [""] for part in (self._roles, self._purposes, self._metrics, self._dimensions)]
        requests = {(chance.choice(names[0]), chance.choice(names[1]), chance.choice(names[2]), chance.choice(names[3])) for _ in range(sample)}
        requests |= set(self._representatives().values())
        for request in sorted(requests):
            if judge.allows(*request) is not self.allows(*request):
                return " × ".join(request)
        return None

    def _representatives(self) -> dict[int, tuple[str, str, str, str]]:
        """Return one request for each set of rules that speak together. Names that the same rules speak about are taken once."""
        found: dict[int, tuple[str, str, str, str]] = {}
        groups = [{bits: name for name, bits in part.items()} for part in (self._roles, self._purposes, self._metrics, self._dimensions)]
        for role_bits, role in groups[0].items():
            for purpose_bits, purpose in groups[1].items():
                two = role_bits & purpose_bits
                if not two:
                    continue
                for metric_bits, metric in groups[2].items():
                    three = two & metric_bits
                    if three:
                        for dimension_bits, dimension in groups[3].items():
                            found.setdefault(three & dimension_bits, (role, purpose, metric, dimension))
        found.pop(0, None)
        return found


def indices(bits: int) -> Iterable[int]:
    """Yield the positions of the bits that are set, lowest first."""
    while bits:
        low = bits & -bits
        yield low.bit_length() - 1
        bits ^= low
