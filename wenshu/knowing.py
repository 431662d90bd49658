"""What a caller may know before any number is asked for: purposes, pages, metrics, values, examples and completion, each as the policy allows.

No surface tells more than another, since all of them ask here.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from governance.access.authorize import allowed_dimensions, allowed_metrics, default_purpose
from governance.documents.metrics import Metric
from governance.errors import InvalidQuery, nearest
from governance.gateway import Gateway
from governance.metrics.parsing import query_from_json
from governance.terms import Actor, Language
from nlq.answers.answer import Answer
from nlq.answers.display import DisplayTable, display_rows
from nlq.answers.suggestions import Suggestion
from nlq.lexicon.lexicon import LexiconView
from nlq.understand import understand
from wenshu import cards
from wenshu.house import House, InForce, value_filter

MAX_QUESTION = 2_000
"""Characters of a question; people's are far shorter."""

EXAMPLES = 6
"""Questions offered on an empty page."""

MOST_ASKED = 2
"""Questions that a metric's card shows, in each language."""

MAX_CARDS = 200
"""Callers whose cards are remembered."""


class Knowing:
    """The part of the facade that tells a caller what can be asked. Safe for threads."""

    def __init__(self, *, house: House, gateway: Gateway, today: Callable[[], dt.date]) -> None:
        self.house, self.gateway, self.today = house, gateway, today
        self._cards: dict[object, list[dict[str, Any]]] = {}

    def view(self, here: InForce, actor: Actor, purpose: str | None) -> LexiconView:
        active, policy = here.active, here.active.policy.on(self.today())
        if purpose is None:
            return here.lexicon.visible(frozenset(), frozenset(), lambda _d, _v: False, role=actor.role)
        metrics = allowed_metrics(actor, purpose, policy)
        dimensions = frozenset(name for metric in metrics for name in allowed_dimensions(actor, purpose, metric, policy))
        return here.lexicon.visible(metrics, dimensions, value_filter(active, actor, purpose, self.today()), role=actor.role)

    def purpose(self, here: InForce, actor: Actor, purpose: str | None) -> str | None:
        policy = here.active.policy
        if purpose is not None and purpose not in policy.purposes:
            raise InvalidQuery(f"unknown purpose {purpose!r}.{nearest(purpose, policy.purposes)}")
        return purpose or default_purpose(actor, policy)

    def purposes(self, actor: Actor) -> list[dict[str, Any]]:
        """Return the purposes that the caller may state, the default first."""
        policy = self._policy()
        role = policy.roles.get(actor.role)
        return [
            {"id": name, "label": cards.words(policy.purposes[name].label), "default": index == 0}
            for index, name in enumerate(role.purposes if role else ())
        ]

    def _policy(self) -> Any:
        return self.house.policy()

    def pages(self, actor: Actor) -> tuple[str, ...]:
        """Return the pages beyond chat and catalogue that the role may open."""
        role = self._policy().roles.get(actor.role)
        return role.pages if role else ()

    def roles(self) -> dict[str, str]:
        """Return role → department, for making accounts."""
        return {name: role.department for name, role in self._policy().roles.items()}

    def metric_cards(self, actor: Actor) -> list[dict[str, Any]]:
        """Return the metrics that the caller may ask, under any of the caller's purposes, the default's view first."""
        here, today = self.house.current(), self.today()
        key = (here.stamp, here.bundle.version, today, actor.role, tuple(sorted(actor.attributes.items())), actor.grants)
        kept = self._cards.get(key)
        if kept is None:
            if len(self._cards) > MAX_CARDS:
                self._cards.clear()
            kept = self._cards[key] = self._made_cards(here, actor)
        return kept

    def _made_cards(self, here: InForce, actor: Actor) -> list[dict[str, Any]]:
        active = here.active
        found: dict[str, dict[str, Any]] = {}
        for purpose in (item["id"] for item in self.purposes(actor)):
            allowed = value_filter(active, actor, purpose, self.today())
            for card in cards.cards_for(active.catalogue, active.policy.on(self.today()), actor, purpose, allowed):
                if card["id"] not in found:
                    found[card["id"]] = card | {"examples": self._asked_as(here, actor, purpose, active.catalogue.metrics[card["id"]])}
        return list(found.values())

    def _asked_as(self, here: InForce, actor: Actor, purpose: str, metric: Metric) -> list[str]:
        """Return questions for the metric: those of its golden ones that the caller may ask, else its names. A question tells which values there are."""
        asked: dict[str, list[str]] = {"zh": [], "en": []}
        for item in metric.golden:
            try:
                query = query_from_json(item.query)
            except InvalidQuery:
                continue
            if len(asked[item.language]) < MOST_ASKED and self.gateway.would_allow(actor, purpose, query, here.active):
                asked[item.language].append(item.ask)
        return [*asked["zh"], *asked["en"]] or [metric.label.zh, metric.label.en]

    def all_metric_cards(self) -> list[dict[str, Any]]:
        """Return every metric of the bundle, for the machine's owner and the committee."""
        catalogue = self.house.current().active.catalogue
        return [cards.metric_card(catalogue, metric, catalogue.dimensions_for(name)) for name, metric in catalogue.metrics.items()]

    def examples(self, actor: Actor, language: Language) -> list[str]:
        """Return questions that the caller may ask and that are understood, from different stages."""
        here = self.house.current()
        purpose = default_purpose(actor, here.active.policy)
        if purpose is None:
            return []
        view, today = self.view(here, actor, purpose), self.today()

        def may_ask(text: str) -> bool:
            understood = understand(text, lexicon=view, today=today)
            return understood.status == "read" and self.gateway.would_allow(actor, purpose, understood.readings[0].query, here.active)

        return _examples(here, view, language, may_ask)

    def accepts(self, here: InForce, actor: Actor, purpose: str) -> Callable[[Suggestion], bool]:
        view, active, today = self.view(here, actor, purpose), here.active, self.today()

        def accept(suggestion: Suggestion) -> bool:
            understood = understand(suggestion.text, lexicon=view, today=today)
            if understood.status != "read" or understood.readings[0].query != suggestion.query:
                return False
            return self.gateway.would_allow(actor, purpose, understood.readings[0].query, active)

        return accept

    def complete(self, actor: Actor, text: str, language: Language) -> list[dict[str, Any]]:
        """Return completions of what is being typed, from what the caller may know."""
        here = self.house.current()
        purpose = default_purpose(actor, here.active.policy)
        if purpose is None or len(text) > MAX_QUESTION:
            return []
        view = self.view(here, actor, purpose)
        catalogue = here.active.catalogue
        metrics = [name for name in catalogue.metrics if name in view.metrics]
        dimensions = [name for name in catalogue.dimensions if name in view.dimensions]
        return cards.complete(catalogue, metrics, dimensions, view.value_allowed, text, language)

    def display(self, answer: Answer) -> DisplayTable:
        """Return the answer's table as people read it."""
        return display_rows(answer, self.house.current().active.catalogue, answer.language)


def _examples(here: InForce, view: LexiconView, language: Language, may_ask: Callable[[str], bool]) -> list[str]:
    """Make questions out of the catalogue's own labels, one a stage before a second one of any, and keep those that are understood."""
    catalogue = here.active.catalogue
    by_stage: dict[str, list[str]] = {}
    for name, metric in catalogue.metrics.items():
        if name in view.metrics:
            by_stage.setdefault(metric.stage, []).append(name)
    order: list[str] = [name for index in range(3) for names in by_stage.values() for name in names[index : index + 1]]
    out: list[str] = []
    for turn, name in enumerate(order):
        groupable = [d for d in catalogue.groupable_by(name) if d in view.dimensions and catalogue.dimensions[d].identifies is None]
        group = groupable[turn % min(len(groupable), 4)] if groupable else None
        label: str = catalogue.metrics[name].label.text()[language]
        by: str = catalogue.dimensions[group].label.text()[language] if group is not None else ""
        if language == "zh":
            text = f"上个月各{by}的{label}" if by else f"上个月的{label}"
        else:
            text = f"{label} by {by.lower()} last month" if by else f"{label} last month"
        if may_ask(text):
            out.append(text)
        if len(out) == EXAMPLES:
            break
    return out
