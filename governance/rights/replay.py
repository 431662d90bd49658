"""Which past answers a person's data could have taken part in: the scopes of the ledger replayed, nothing else is kept of answers.

An answer is left out only where it is certain that the person was outside: the metric counts no such persons, or a filter or the asker's row scope left the person out by the attributes
that were in force then. Former attributes are not kept, only since when they are what they are (`governance.identity.states`): where they have changed since the answer, or what the bundle of that
day meant can't be said, the person *could have* been inside. What the ledger blanked, and attributes that a table of things doesn't carry, exclude nobody. Of what retention pruned the ledger says that it was.
"""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, Any, Literal

from audit.records import RECORD
from audit.search import Filter, Reader
from governance.terms import DimensionScope, LinkScope

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from governance.identity.directory import Directory
    from governance.identity.states import Stood
    from governance.inforce import Active
    from governance.metrics.catalogue import Catalogue

Judged = Literal["attributes_then", "attributes_unknown", "question_pruned"]
"""By what an answer is named: by the attributes in force then; because they can't be known; because the question's record was pruned under retention."""
_PAGE = 500
_ACCESS = "access"
"""The class of the ledger's records to which questions and answers belong."""
_LINKED = re.compile(r"(\w+) linked to own (\w+) on (\d{4}-\d{2}-\d{2})")
_WITHIN = re.compile(r"(\w+) in (.*)", re.DOTALL)
_MOST_PIECES = 40
_NOBODY = "\x00"
"""A value that nobody has: a dimension that reaches it isn't divided by persons."""


class Replay:
    """Judges events for one person.

    `attribute(user, name)` is an account's attribute now, or None; `stood(data_version)` what is known of the person in that state of the warehouse; `meant(bundle)` the catalogue of a bundle that was in
    force, or None; `earlier` UIDs under which the person was held before a merge.
    """

    def __init__(
        self,
        active: Active,
        directory: Directory,
        entity: str,
        uid: str,
        attribute: Callable[[str, str], str | None],
        *,
        stood: Callable[[str | None], Stood],
        meant: Callable[[str], Catalogue | None],
        linked: Collection[str],
        earlier: Collection[str] = (),
    ) -> None:
        """`linked` are the tables of links between persons whose changes are noted."""
        self._active, self._directory, self._attribute = active, directory, attribute
        self._entity, self._uids = entity, (uid, *earlier)
        self._inner = directory.inner(entity, uid)
        self._stood, self._meant, self._linked = stood, meant, linked
        self._states: dict[str | None, Stood] = {}
        self._meanings: dict[str, tuple[Catalogue | None, bool]] = {}
        dimensions = active.catalogue.dimensions
        self._dimension = next((name for name, item in dimensions.items() if item.identifies == entity), None)

    def answers(self, reader: Reader) -> Iterator[dict[str, Any]]:
        """Every answer that the person's data could have taken part in, oldest first."""
        intents: dict[str, Mapping[str, Any]] = {}
        for stored in _events(reader, ("intent", "outcome")):
            body = stored.told()
            request = body.get("request") or ""
            if body["type"] == "intent":
                intents[request] = body
                continue
            intent = intents.pop(request, None)
            if body["detail"].get("outcome") != "answered":
                continue
            if intent is None:
                yield self._told({"detail": {}}, body, "question_pruned")
            elif (judged := self.judge(intent, body["detail"].get("data_version"))) is not None:
                yield self._told(intent, body, judged)

    def pruned(self, reader: Reader) -> list[dict[str, Any]]:
        """What retention took of the records of questions: `before` (time), `entries`, `first` and `last` number, and `event`, the number of the record that says so. Nobody can say whether the person took part in them."""
        found = []
        for stored in _events(reader, (RECORD,)):
            detail = stored.told()["detail"]
            if detail.get("class", _ACCESS) == _ACCESS and detail.get("ranges"):
                numbers = [number for pair in detail["ranges"] for number in pair]
                found.append({"event": stored.index, "before": detail.get("before"), "entries": detail.get("entries"), "first": min(numbers), "last": max(numbers)})
        return found

    def _told(self, intent: Mapping[str, Any], outcome: Mapping[str, Any], judged: Judged) -> dict[str, Any]:
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
            "judged_by": judged,
        }

    def judge(self, intent: Mapping[str, Any], data_version: str | None) -> Judged | None:
        """By what the person may have been behind an answer to this intent; None where it is certain that the person wasn't."""
        if not self._could(intent, attributes=False, rows=False):
            return None
        stood = self._state(data_version)
        sure = stood.attributes and self._meaning(intent)[1]
        if not self._could(intent, attributes=sure, rows=stood.rows):
            return None
        return "attributes_then" if sure else "attributes_unknown"

    def _state(self, version: str | None) -> Stood:
        if version not in self._states:
            self._states[version] = self._stood(version)
        return self._states[version]

    def _meaning(self, intent: Mapping[str, Any]) -> tuple[Catalogue | None, bool]:
        """The catalogue that was in force, if it can be had, and whether dimensions meant then what they mean now."""
        bundle, now = str(intent["detail"].get("bundle") or ""), self._active.catalogue
        if bundle == self._active.policy.version:
            return now, True
        if bundle not in self._meanings:
            then = self._meant(bundle) if bundle else None
            self._meanings[bundle] = then, then is not None and _means(then) == _means(now)
        return self._meanings[bundle]

    def _could(self, intent: Mapping[str, Any], *, attributes: bool, rows: bool) -> bool:
        """Whether the person may have been inside. Without `attributes` only what doesn't depend on them excludes; without `rows` a filter on named persons doesn't."""
        detail = intent["detail"]
        queries = [detail.get("query") or {}, *(detail.get("companions") or ())]
        return any(
            self._counts(query, detail, self._meaning(intent)[0])
            and (not attributes or self._inside_scopes(detail.get("scope") or (), str(intent["actor"])))
            and all(self._inside(item, query, str(intent.get("purpose") or ""), attributes=attributes, rows=rows) for item in query.get("where") or ())
            for query in queries
            if isinstance(query, dict)
        )

    def _counts(self, query: Mapping[str, Any], detail: Mapping[str, Any], then: Catalogue | None) -> bool:
        """Whether a metric of the query counts such persons: as the ledger says of what was asked (`classes`), else by what the metric meant then; one that nobody knows any more may have."""
        metrics, classes = query.get("metrics") or (), detail.get("classes")
        if not metrics:
            return True  # what was asked isn't told, so anything may have been
        if classes is not None and {*metrics} <= {*(detail.get("metrics") or ())}:
            return self._entity in classes
        return any(then is None or name not in then.metrics or then.persons_behind(name) == self._entity for name in metrics)

    def _reaches(self, dimension: str, value: Any) -> bool:
        if self._dimension is None or dimension not in self._active.catalogue.dimensions:
            return True
        return self._active.reach(DimensionScope(dimension=self._dimension, values=(self._inner,)), dimension, value)

    def _divided(self, dimension: str) -> bool:
        return not self._reaches(dimension, _NOBODY)

    def _inside(self, item: Mapping[str, Any], query: Mapping[str, Any], purpose: str, *, attributes: bool, rows: bool) -> bool:
        dimension, values = str(item.get("dimension")), list(item.get("values") or ())
        compared = query.get("compare")
        if isinstance(compared, dict) and compared.get("dimension") == dimension:
            return True  # the member that others are compared with stays, whatever the filter says
        known = self._active.catalogue.dimensions.get(dimension)
        if known is not None and known.identifies == self._entity:
            forms = {form for uid in self._uids for form in self._directory.forms(self._entity, uid, [purpose])}
            named = any(str(value) in forms for value in values)
            return not rows or (named or "▢" in values if item.get("op") == "in" else not named)
        if not attributes or "▢" in values or not self._divided(dimension):
            return True
        has = any(self._reaches(dimension, value) for value in values)
        return has if item.get("op") == "in" else not has

    def _inside_scopes(self, scopes: Any, actor: str) -> bool:
        return all(self._inside_scope(str(text), actor) for text in scopes)

    def _inside_scope(self, text: str, actor: str) -> bool:
        linked = _LINKED.fullmatch(text)
        if linked is not None:
            return self._linked_to(linked[1], self._attribute(actor, linked[2]), linked[2], date.fromisoformat(linked[3]))
        within = _WITHIN.fullmatch(text)
        if within is None or not self._divided(within[1]):
            return True
        return any(self._reaches(within[1], value) for value in _members(within[2]))

    def _linked_to(self, entity: str, own: str | None, other: str, on: date) -> bool:
        """Whether the person was linked to whoever asked; True where links aren't noted, or nobody knows (any more) who that was."""
        graph, known = self._active.catalogue.graph, self._active.catalogue.models
        models = [
            name for name, model in known.items() if model.validity is not None and graph.entity(name, entity) is not None and graph.entity(name, other) is not None
        ]
        if own is None or entity != self._entity or self._dimension is None or not models or any(known[name].table not in self._linked for name in models):
            return True
        if self._directory.owners(other).get(own) is None:
            return True
        return any(self._active.reach(LinkScope(model=name, entity=entity, to_entity=other, keys=(own,), on=on), self._dimension, self._inner) for name in models)


def _events(reader: Reader, kinds: tuple[str, ...]) -> Iterator[Any]:
    """The events of some types, oldest first."""
    after: int | None = None
    while True:
        page = reader.search(Filter(type=kinds), after=after, limit=_PAGE, newest_first=False)
        yield from page.events
        if page.after is None:
            return
        after = page.after


def _means(catalogue: Catalogue) -> tuple[dict[str, Any], dict[str, Any]]:
    """What decides whom a value of a dimension takes in: the models and the dimensions, without the values and words of either."""
    told = {"label", "values", "open", "synonyms", "description"}
    return (
        {name: model.model_dump(exclude=told) for name, model in catalogue.models.items()},
        {name: dimension.model_dump(exclude=told) for name, dimension in catalogue.dimensions.items()},
    )


def _members(text: str) -> list[Any]:
    """The members that a scope in words may name: its pieces between commas, and, since a member may have a comma itself, runs of them; numbers as numbers too."""
    pieces = text.split(",")
    runs = [",".join(pieces[first:last]) for first in range(len(pieces)) for last in range(first + 1, len(pieces) + 1)] if len(pieces) <= _MOST_PIECES else pieces
    return [*runs, *(int(run) for run in runs if run.isascii() and run.isdecimal())]
