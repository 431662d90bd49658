"""Access documents (`access/*.yaml`): purposes, roles, and the rules that allow or deny.

Grants OR, denials override; limits (guardrails), row predicates and masks of all matching rules AND; the largest minimum group wins; silence means no.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from pydantic import Field, model_validator

from governance.documents.base import Document, Label, Name


class Purpose(Document):
    """Why a question may be asked. Consents use the same ids."""

    id: Name
    label: Label
    legal_basis: Label | None = None
    synonyms: tuple[str, ...] = ()


class Group(Document):
    """Cells of fewer than `k` distinct members of `entity` are hidden."""

    entity: Name
    k: Annotated[int, Field(ge=0, le=100_000)]


class Selection(Document):
    """A set of names: everything, or by name, stage or tag, without `except`. An empty selection selects nothing."""

    all: bool = False
    names: tuple[Name, ...] = ()
    stages: tuple[Name, ...] = ()
    tags: tuple[str, ...] = ()
    without: tuple[Name, ...] = ()
    without_tags: tuple[str, ...] = ()


class RowRule(Document):
    """A row predicate: by a dimension's values, or by a link table. Values beginning with `$actor.` are the caller's attributes.

    A missing attribute leaves no value, and no value matches no row.
    """

    dimension: Name | None = None
    values: tuple[str, ...] = ()
    link: Name | None = None
    entity: Name | None = None
    to_entity: Name | None = None
    keys: tuple[str, ...] = ()
    only_with: tuple[Name, ...] = ()
    """Applies only to questions that use one of these dimensions; empty: to all."""

    @model_validator(mode="after")
    def _one_form(self) -> RowRule:
        by_link = self.link is not None and self.entity is not None and self.to_entity is not None and bool(self.keys)
        by_dimension = self.dimension is not None and bool(self.values)
        if by_link == by_dimension:
            raise ValueError("a row rule is either {dimension, values} or {link, entity, to_entity, keys}")
        return self


class Mask(Document):
    """How the values of a dimension are told: as those of a coarser one (`to`), or not at all (`hide`).

    A coarser dimension is one that `within` names or that is derived from it; buckets are such a derived dimension of the metrics layer, with labels of its own.
    """

    dimension: Name
    to: Name | None = None
    hide: bool = False

    @model_validator(mode="after")
    def _one_form(self) -> Mask:
        if (self.to is None) is not self.hide:
            raise ValueError("a mask is either {dimension, to} or {dimension, hide: true}")
        return self


class Rule(Document):
    """One rule. `metrics` × `dimensions` × `purposes` is what it is about; a question without dimensions is about the metric alone.

    `limit` neither allows nor denies: it adds its rows, masks, minimum group and withheld rights to whatever other rules allow.
    """

    id: Name
    roles: Annotated[tuple[Name, ...], Field(min_length=1)]
    effect: Literal["allow", "deny", "limit"]
    metrics: Selection
    dimensions: Selection = Selection()
    metric_alone: bool = True
    """Whether the rule also speaks about the metric without any dimension."""
    purposes: Annotated[tuple[Name, ...], Field(min_length=1)]
    rows: tuple[RowRule, ...] = ()
    minimum_group: Group | None = None
    masks: tuple[Mask, ...] = ()
    export: bool | None = None
    """Whether answers that rest on the rule may leave as a file; absent: as the role says. Every matching rule must agree."""
    model_egress: bool | None = None
    """Whether questions about it may go to the language model, and its names with them; absent: as the role says. Every matching rule must agree."""
    effective_from: dt.date | None = None
    effective_until: dt.date | None = None
    reason: Label
    """Why the rule exists, shown to whom it refuses or obliges."""
    obligation: Label | None = None
    source: str | None = None
    """Law, contract or decision that it comes from."""


class Role(Document):
    """A department's role. `purposes` are allowed ones, the default first."""

    id: Name
    label: Label
    department: Name
    purposes: tuple[Name, ...] = ()
    minimum_group: Group | None = None
    pages: tuple[Name, ...] = ()
    """Pages beyond the chat and the catalogue: `review`, `committee`, `data`."""
    model_egress: bool = False
    """Whether a question of this role, screened, may be sent to the language model where the installation has one."""
    export: bool = False
    """Whether this role's answers may leave as a file, unless a rule says otherwise."""
    ask_instead: Label | None = None
    """Whom to ask for more."""
    break_glass_hours: Annotated[int, Field(ge=0, le=24)] = 0
    """For how many hours a person of the role may open, in an emergency and with a reason, what the committee could grant; reviewed afterwards. 0: never."""
    max_rows: Annotated[int, Field(ge=1, le=10_000_000)] = 100_000
    timeout_s: Annotated[float, Field(gt=0, le=3600, allow_inf_nan=False)] = 30.0


class AccessDocument(Document):
    """One file under `access/`: any of the three lists."""

    purposes: tuple[Purpose, ...] = ()
    roles: tuple[Role, ...] = ()
    rules: tuple[Rule, ...] = ()
