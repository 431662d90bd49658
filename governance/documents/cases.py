"""Policy cases (`cases/*.yaml`): who asks what, and what the policy must say. They are part of the bundle, and a gate before it is put in force."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from governance.documents.base import Document, Name


class CasePerson(Document):
    """An invented caller: a role, and the attributes that row predicates refer to. Has nothing to do with an account of the same name."""

    role: Name
    attributes: dict[Name, str] = {}


class ExpectedScope(Document):
    """A row predicate that must hold: a dimension's values, or a link table's keys."""

    dimension: Name | None = None
    values: tuple[str, ...] = ()
    link: Name | None = None
    keys: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _one_form(self) -> ExpectedScope:
        if (self.dimension is None) == (self.link is None):
            raise ValueError("a scope is either {dimension, values} or {link, keys}")
        return self


class Expectation(Document):
    """What must be decided. What is not stated is not compared; `scope: []` says that there is no row predicate."""

    decision: Literal["allow", "refuse"]
    code: Name | None = None
    rule: Name | None = None
    """Of a refusal: the rule that it must name."""
    rules: tuple[Name, ...] | None = None
    """Of a grant: exactly the rules that it must rest on, in any order."""
    k: Annotated[int, Field(ge=0)] | None = None
    scope: tuple[ExpectedScope, ...] | None = None
    obligations: tuple[str, ...] | None = None
    """Of a grant: exactly the obligations, each in either language."""
    masks: dict[Name, Name] | None = None
    """Of a grant: exactly the dimensions that are told by a coarser one, and by which."""
    export: bool | None = None
    model_egress: bool | None = None

    @model_validator(mode="after")
    def _fits(self) -> Expectation:
        grant = (self.rules, self.k, self.scope, self.obligations, self.masks, self.export, self.model_egress)
        if self.decision == "refuse" and any(item is not None for item in grant):
            raise ValueError("a refusal has no rules, k, scope, obligations, masks or rights")
        if self.decision == "allow" and (self.code is not None or self.rule is not None):
            raise ValueError("a grant has no code and no rule (write `rules`)")
        return self


class PolicyCase(Document):
    """One case. `asks` is a MetricQuery, or a question in words; without `purpose` the role's default counts, without `day` the day of the test."""

    id: Name
    who: Name
    purpose: Name | None = None
    day: dt.date | None = None
    asks: dict[str, Any] | str
    expect: Expectation
    note: str | None = None


class CasesDocument(Document):
    """One file under `cases/`. `people` are known in all files."""

    people: dict[Name, CasePerson] = {}
    cases: tuple[PolicyCase, ...] = ()
