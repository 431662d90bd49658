"""Which past answers a person's data could have taken part in: the scopes of the ledger replayed, nothing else is kept of answers.

An answer is named unless it is certain that the person was outside: the metric counts no such persons, or a filter or the asker's row scope, by the
person's attributes of today, leaves them out. What the ledger blanked, and attributes that a table of things doesn't carry, exclude nobody.
"""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, Any

from audit.search import Filter, Reader
from governance.terms import DimensionScope, LinkScope

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from governance.identity.directory import Directory
    from governance.inforce import Active

_PAGE = 500
_LINKED = re.compile(r"(\w+) linked to own (\w+) on (\d{4}-\d{2}-\d{2})")
_WITHIN = re.compile(r"(\w+) in (.*)")
_NOBODY = "\x00"
"""A value that nobody has: a dimension that reaches it isn't divided by persons."""


class Replay:
    """Judges events for one person. `attribute(user, name)` is an account's attribute now, or None."""

    def __init__(self, active: Active, directory: Directory, entity: str, uid: str, attribute: Callable[[str, str], str | None]) -> None:
        self._active, self._directory, self._attribute = active, directory, attribute
        self._entity, self._uid = entity, uid
        self._inner = directory.inner(entity, uid)
        dimensions = active.catalogue.dimensions
        self._dimension = next((name for name, item in dimensions.items() if item.identifies == entity), None)

    def answers(self, reader: Reader) -> Iterator[dict[str, Any]]:
        """Every answer that the person's data could have taken part in, oldest first."""
        intents: dict[str, Mapping[str, Any]] = {}
        after: int | None = None
        while True:
            page = reader.search(Filter(type=("intent", "outcome")), after=after, limit=_PAGE, newest_first=False)
            for stored in page.events:
                body = stored.told()
                request = body.get("request") or ""
                if body["type"] == "intent":
                    intents[request] = body
                    continue
                intent = intents.pop(request, None)
                if intent is not None and body["detail"].get("outcome") == "answered" and self.could(intent):
                    yield self._told(intent, body)
            if page.after is None:
                return
            after = page.after

    def _told(self, intent: Mapping[str, Any], outcome: Mapping[str, Any]) -> dict[str, Any]:
        query = intent["detail"].get("query") or {}
        return {
            "event": outcome["id"],
            "index": outcome["index"],
            "time": outcome["time"],
            "department": outcome["department"],
            "role": outcome["role"],
            "purpose": outcome["purpose"],
            "metrics": list(outcome["detail"].get("metrics") or ()),
            "group_by": list(query.get("group_by") or ()),
            "period": query.get("period"),
            "individual": self._dimension in (query.get("group_by") or ()),
            "data_version": outcome["detail"].get("data_version"),
        }

    def could(self, intent: Mapping[str, Any]) -> bool:
        """Whether the person may have been behind an answer to this intent."""
        detail = intent["detail"]
        catalogue = self._active.catalogue
        queries = [detail.get("query") or {}, *(detail.get("companions") or ())]
        return any(
            any(name not in catalogue.metrics or catalogue.persons_behind(name) == self._entity for name in query.get("metrics") or ())
            and self._inside_scopes(detail.get("scope") or (), str(intent["actor"]))
            and all(self._inside(item, str(intent.get("purpose") or "")) for item in query.get("where") or ())
            for query in queries
            if isinstance(query, dict)
        )

    def _reaches(self, dimension: str, value: Any) -> bool:
        if self._dimension is None or dimension not in self._active.catalogue.dimensions:
            return True
        return self._active.reach(DimensionScope(dimension=self._dimension, values=(self._inner,)), dimension, value)

    def _divided(self, dimension: str) -> bool:
        return not self._reaches(dimension, _NOBODY)

    def _inside(self, item: Mapping[str, Any], purpose: str) -> bool:
        dimension, values = str(item.get("dimension")), list(item.get("values") or ())
        known = self._active.catalogue.dimensions.get(dimension)
        if known is not None and known.identifies == self._entity:
            forms = {self._inner, *self._directory.forms(self._entity, self._uid, [purpose])}
            named = any(str(value) in forms for value in values)
            return named or "▢" in values if item.get("op") == "in" else not named
        if "▢" in values or not self._divided(dimension):
            return True
        has = any(self._reaches(dimension, value) for value in values)
        return has if item.get("op") == "in" else not has

    def _inside_scopes(self, scopes: Any, actor: str) -> bool:
        return all(self._inside_scope(str(text), actor) for text in scopes)

    def _inside_scope(self, text: str, actor: str) -> bool:
        linked = _LINKED.fullmatch(text)
        if linked is not None:
            own = self._attribute(actor, linked[2])
            if own is None or linked[1] != self._entity or self._dimension is None:
                return True
            graph = self._active.catalogue.graph
            models = [
                name
                for name, model in self._active.catalogue.models.items()
                if model.validity is not None and graph.entity(name, linked[1]) is not None and graph.entity(name, linked[2]) is not None
            ]
            return any(
                self._active.reach(
                    LinkScope(model=model, entity=linked[1], to_entity=linked[2], keys=(own,), on=date.fromisoformat(linked[3])), self._dimension, self._inner
                )
                for model in models
            )
        within = _WITHIN.fullmatch(text)
        if within is None or not self._divided(within[1]):
            return True
        return any(self._reaches(within[1], value) for value in within[2].split(","))
