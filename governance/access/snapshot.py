"""The compiled policy: casbin's decisions as bit sets, immutable, a few microseconds each whatever the number of rules.

The rules of each role and purpose stand together; within them every metric and dimension has one integer whose bit i says whether the pair's rule i speaks
about it, and a request's rules are the bits that its two integers share. It allows when one of them allows and none denies: the effect of `judge.Judge`'s
model, with which property tests and `prove` hold it equal.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from governance.access.judge import ALONE, EFFECTS, CompiledRule, Judge


@dataclass(frozen=True, slots=True)
class Pair:
    """The rules that speak about one role and one purpose. Unknown names and empty texts share no bit with any rule, so they are denied."""

    rules: tuple[CompiledRule, ...] = ()
    metrics: Mapping[str, int] = field(default_factory=dict)
    dimensions: Mapping[str, int] = field(default_factory=dict)
    grants: int = 0
    denials: int = 0
    masking: Mapping[str, int] = field(default_factory=dict)
    """The rules that mask a dimension."""

    def bits(self, metric: str, dimension: str = ALONE) -> int:
        """Return the rules that speak about the request, as bits of `rules`."""
        return self.metrics.get(metric, 0) & self.dimensions.get(dimension, 0)

    def permits(self, bits: int) -> bool:
        """Return whether among these rules one allows and none denies."""
        return bits & self.grants != 0 and bits & self.denials == 0

    def matching(self, bits: int) -> list[CompiledRule]:
        """Return the rules of these bits, in the order of the bundle."""
        return [self.rules[index] for index in indices(bits)]


EMPTY = Pair()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Decisions for one immutable set of rules."""

    rules: tuple[CompiledRule, ...]
    pairs: Mapping[tuple[str, str], Pair]

    @classmethod
    def compile(cls, rules: Iterable[CompiledRule]) -> Snapshot:
        """Compile rules; raise ValueError for an effect that is none of `EFFECTS`, so that a mistyped denial can't become nothing."""
        kept = tuple(rules)
        spoken: dict[tuple[str, str], list[CompiledRule]] = {}
        for compiled in kept:
            if compiled.rule.effect not in EFFECTS:
                raise ValueError(f"rule {compiled.rule.id} can't be compiled")
            for role in set(compiled.rule.roles):
                for purpose in set(compiled.rule.purposes):
                    spoken.setdefault((role, purpose), []).append(compiled)
        return cls(kept, {names: _pair(mine) for names, mine in spoken.items()})

    def pair(self, role: str, purpose: str) -> Pair:
        """Return the rules of a role and a purpose; none for names that no rule knows."""
        return self.pairs.get((role, purpose), EMPTY)

    @property
    def masks(self) -> bool:
        """Whether any rule masks anything."""
        return any(pair.masking for pair in self.pairs.values())

    def allows(self, role: str, purpose: str, metric: str, dimension: str = ALONE) -> bool:
        """Return whether a rule allows the request and none denies it."""
        pair = self.pairs.get((role, purpose), EMPTY)
        return pair.permits(pair.bits(metric, dimension))

    def matching(self, role: str, purpose: str, metric: str, dimension: str = ALONE) -> list[CompiledRule]:
        """Return the rules that speak about the request, denials included, in the order of the bundle."""
        pair = self.pairs.get((role, purpose), EMPTY)
        return pair.matching(pair.bits(metric, dimension))

    def prove(self, *, sample: int, seed: int) -> str | None:
        """Hold the snapshot against casbin: one request for every combination of rules that can speak together, and `sample` random ones.

        Returns None when all are equal, else the first request that is not. Meant for the moment of activation, not for requests.
        """
        judge = Judge({compiled.rule.id: compiled for compiled in self.rules})
        chance = random.Random(seed)  # noqa: S311 - which requests are compared needs no secrecy, and must be the same again
        roles, purposes = (sorted({name for item in self.rules for name in names(item)}) or [""] for names in (_roles, _purposes))
        metrics, dimensions = (sorted({name for item in self.rules for name in names(item)}) or [""] for names in (_metrics, _about))
        requests = {(chance.choice(roles), chance.choice(purposes), chance.choice(metrics), chance.choice(dimensions)) for _ in range(sample)}
        requests |= self._representatives()
        for request in sorted(requests):
            if judge.allows(*request) is not self.allows(*request):
                return " × ".join(request)
        return None

    def _representatives(self) -> set[tuple[str, str, str, str]]:
        """Return one request for each set of rules that speak together. Names that the same rules speak about are taken once."""
        found: dict[tuple[int, ...], tuple[str, str, str, str]] = {}
        at = {id(compiled): index for index, compiled in enumerate(self.rules)}
        for (role, purpose), pair in self.pairs.items():
            numbers = [at[id(compiled)] for compiled in pair.rules]
            by_dimension = {bits: name for name, bits in pair.dimensions.items()}
            for metric_bits, metric in {bits: name for name, bits in pair.metrics.items()}.items():
                for dimension_bits, dimension in by_dimension.items():
                    together = tuple(numbers[index] for index in indices(metric_bits & dimension_bits))
                    if together:
                        found.setdefault(together, (role, purpose, metric, dimension))
        return set(found.values())


def _roles(compiled: CompiledRule) -> Iterable[str]:
    return compiled.rule.roles


def _purposes(compiled: CompiledRule) -> Iterable[str]:
    return compiled.rule.purposes


def _metrics(compiled: CompiledRule) -> Iterable[str]:
    return compiled.metrics


def _about(compiled: CompiledRule) -> Iterable[str]:
    return (*compiled.dimensions, ALONE) if compiled.rule.metric_alone else compiled.dimensions


def _pair(rules: list[CompiledRule]) -> Pair:
    metrics: dict[str, int] = {}
    dimensions: dict[str, int] = {}
    masking: dict[str, int] = {}
    grants = denials = 0
    for index, compiled in enumerate(rules):
        bit = 1 << index
        if compiled.rule.effect == "deny":
            denials |= bit
        elif compiled.rule.effect == "allow":
            grants |= bit
        for mask in compiled.rule.masks:
            masking[mask.dimension] = masking.get(mask.dimension, 0) | bit
        for name in compiled.metrics:
            metrics[name] = metrics.get(name, 0) | bit
        for name in _about(compiled):
            dimensions[name] = dimensions.get(name, 0) | bit
    return Pair(tuple(rules), metrics, dimensions, grants, denials, masking)


def indices(bits: int) -> Iterable[int]:
    """Yield the positions of the bits that are set, lowest first."""
    while bits:
        low = bits & -bits
        yield low.bit_length() - 1
        bits ^= low
