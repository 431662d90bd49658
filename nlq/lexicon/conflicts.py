"""Checking a bundle's words: names that lead nowhere, and words that would mean two things without saying so."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from governance.documents.lexicon import GuardRule, LexiconDocument
from governance.documents.reading import Read, Step
from governance.documents.settings import Settings
from governance.errors import Problem, nearest
from nlq.lexicon.entries import Catalogue
from nlq.words.normalise import keys

_MARKS = ("person", "asks_members", "metric_tag", "dimension", "dimension_name", "unread", "no_metric")


def check_words(reads: Sequence[Read[LexiconDocument]], catalogue: Catalogue, settings: Settings, *, roles: Collection[str] | None = None) -> list[Problem]:
    """Return every problem of a bundle's lexicon documents against its catalogue, with file and line; none when all is well.

    `roles` are the policy's, so that a term kept to a role that doesn't exist (and so known to nobody) is told; None: not looked at.
    """
    problems: list[Problem] = []
    for item in reads:
        problems += _references(item, catalogue)
        for index, term in enumerate(item.document.terms):
            problems += [_unknown(item, ("terms", index, "roles"), "role", role, roles) for role in term.roles if roles is not None and role not in roles]
        for index, rule in enumerate(item.document.guard):
            problems += _guard(item, index, rule, catalogue, settings)
    return problems + _shared(reads, catalogue) + _twice(reads, catalogue)


def ownerless(reads: Sequence[Read[LexiconDocument]]) -> list[Problem]:
    """Return the named bounds that nobody owns: what 达标 means is somebody's decision, as a term's meaning is."""
    return [
        Problem(where=item.where("bounds", index), message=f"the bound {_first(bound.words.all)!r} has no owner; name who decides what it means.")
        for item in reads
        for index, bound in enumerate(item.document.bounds)
        if not bound.owner
    ]


_GUARDED = {
    "adverse_event": "a reportable safety case would only be told that it was not understood",
    "off_label": "questions on the use of a product would not be sent to those who may answer them",
    "prescription_by_doctor": "only the metrics' own tags keep figures from being linked to persons, not words",
}


def unguarded(reads: Sequence[Read[LexiconDocument]]) -> list[Problem]:
    """Return what no rule of the intent guard watches for: a bundle may do without, but not without being told what that means."""
    rules = [rule for item in reads for rule in item.document.guard]
    if not rules:
        return [Problem(where="lexicon", message="there is no intent guard: " + "; ".join(_GUARDED.values()) + ". Add `guard` rules (lexicon/guard.yaml), or keep it so if the field has no such cases.")]
    missing = [code for code in _GUARDED if not any(rule.code == code for rule in rules)]
    found = [Problem(where="lexicon", message=f"no rule of the intent guard has the code {code}: {_GUARDED[code]}. Add one, or keep it so if the field has no such cases.") for code in missing]
    routed = [rule.id for rule in rules if rule.code in ("adverse_event", "off_label") and rule.contact is None]
    return found + [Problem(where="lexicon", message=f"the guard's rule {name!r} names no contact, so nothing can be handed on.") for name in routed]


def _first(phrases: Sequence[str]) -> str:
    return phrases[0] if phrases else ""


def _unknown(item: Read[LexiconDocument], path: tuple[Step, ...], what: str, name: str, known: Iterable[str]) -> Problem:
    return Problem(where=item.where(*path), message=f"there is no {what} {name!r}.{nearest(name, known)}")


def _references(item: Read[LexiconDocument], catalogue: Catalogue) -> Iterator[Problem]:
    document, metrics = item.document, catalogue.metrics
    for index, alias in enumerate(document.aliases):
        target, path = alias.means, ("aliases", index, "means")
        if target.metric is not None and target.metric not in metrics:
            yield _unknown(item, path, "metric", target.metric, metrics)
        if target.dimension is not None:
            yield from _member(item, path, target.dimension, () if target.value is None else (target.value,), catalogue)
    for index, word in enumerate(document.ambiguous):
        for metric in word.metrics:
            if metric not in metrics:
                yield _unknown(item, ("ambiguous", index), "metric", metric, metrics)
    for index, bound in enumerate(document.bounds):
        if bound.metric not in metrics:
            yield _unknown(item, ("bounds", index, "metric"), "metric", bound.metric, metrics)
    for index, noun in enumerate(document.nouns):
        for metric in noun.ask_back:
            if metric not in metrics:
                yield _unknown(item, ("nouns", index), "metric", metric, metrics)
    for index, term in enumerate(document.terms):
        for condition in term.filters:
            yield from _member(item, ("terms", index, "filters"), condition.dimension, condition.values, catalogue)


def _member(item: Read[LexiconDocument], path: tuple[Step, ...], dimension: str, values: Sequence[str | int], catalogue: Catalogue) -> Iterator[Problem]:
    asked = catalogue.dimensions.get(dimension)
    if asked is None:
        yield _unknown(item, path, "dimension", dimension, catalogue.dimensions)
        return
    known = [value.value for value in asked.values]
    for value in values:
        if not asked.open and value not in known:
            yield _unknown(item, path, f"value of {dimension}", str(value), [str(name) for name in known])


def _guard(item: Read[LexiconDocument], index: int, rule: GuardRule, catalogue: Catalogue, settings: Settings) -> Iterator[Problem]:
    path: tuple[Step, ...] = ("guard", index)
    if rule.contact is not None and rule.contact not in settings.contacts:
        yield _unknown(item, path, "contact", rule.contact, settings.contacts)
    for group in rule.all_of:
        for mark in group.marks:
            name, _, argument = mark.partition(":")
            if name not in _MARKS:
                yield _unknown(item, path, "mark", name, _MARKS)
            elif name in ("dimension", "dimension_name") and argument not in catalogue.dimensions:
                yield _unknown(item, path, "dimension", argument, catalogue.dimensions)
        if not group.words.all and not group.marks:
            yield Problem(where=item.where(*path), message=f"rule {rule.id!r} has a group without words or marks; it would never hold.")


def _shared(reads: Sequence[Read[LexiconDocument]], catalogue: Catalogue) -> list[Problem]:
    """Words of several metrics that no document declares ambiguous would ask back without the bundle having said so."""
    meant: dict[tuple[str, ...], set[str]] = defaultdict(set)
    declared: set[tuple[str, ...]] = set()
    written: dict[tuple[str, ...], str] = {}
    where: dict[tuple[str, ...], str] = {}
    for name, metric in catalogue.metrics.items():
        for phrase in (metric.label.zh, metric.label.en, *metric.synonyms.all):
            meant[keys(phrase)].add(name)
            written.setdefault(keys(phrase), phrase)
    for item in reads:
        for index, alias in enumerate(item.document.aliases):
            for phrase in alias.words.all:
                if alias.means.metric is not None:
                    meant[keys(phrase)].add(alias.means.metric)
                    written.setdefault(keys(phrase), phrase)
                    where[keys(phrase)] = item.where("aliases", index)
        declared |= {keys(phrase) for word in item.document.ambiguous for phrase in word.words.all}
    clashes: Mapping[tuple[str, ...], set[str]] = {key: names for key, names in meant.items() if key and len(names) > 1 and key not in declared}
    return [
        Problem(where=where.get(key, "metrics"), message=f"{written[key]!r} means {', '.join(sorted(names))}; declare it under `ambiguous` or keep it for one.")
        for key, names in sorted(clashes.items())
    ]


def _twice(reads: Sequence[Read[LexiconDocument]], catalogue: Catalogue) -> list[Problem]:
    """Words that would be two things of different kinds, of which one would silently win: a term and a metric, a bound and another, a name that is to be read over."""
    said: dict[tuple[str, ...], dict[str, str]] = defaultdict(dict)
    where: dict[tuple[str, ...], str] = {}
    written: dict[tuple[str, ...], str] = {}

    def note(phrase: str, what: str, at: str | None = None) -> None:
        key = keys(phrase)
        if key:
            said[key].setdefault(what, what)
            written.setdefault(key, phrase)
            if at is not None:
                where[key] = at

    for name, metric in catalogue.metrics.items():
        for phrase in (metric.label.zh, metric.label.en, *metric.synonyms.all):
            note(phrase, f"metric {name}")
    for name, dimension in catalogue.dimensions.items():
        note(dimension.label.zh, f"dimension {name}")
        note(dimension.label.en, f"dimension {name}")
    for item in reads:
        document = item.document
        for index, alias in enumerate(document.aliases):
            if alias.means.metric is not None:
                for phrase in alias.words.all:
                    note(phrase, f"metric {alias.means.metric}", item.where("aliases", index))
        for index, term in enumerate(document.terms):
            for phrase in (term.label.zh, term.label.en, *term.synonyms.all):
                note(phrase, f"term {term.id}", item.where("terms", index))
        for index, bound in enumerate(document.bounds):
            for phrase in bound.words.all:
                note(phrase, f"bound on {bound.metric} {bound.op} {bound.value:g}", item.where("bounds", index))
        for what, phrases in (("unsupported", document.unsupported.all), ("ignore", document.ignore.all)):
            for phrase in phrases:
                note(phrase, what, item.where(what))
    found = []
    for key, meanings in sorted(said.items()):
        kinds = {meaning.split(" ")[0] for meaning in meanings}
        clash = len(meanings) > 1 and (kinds & {"term", "bound", "unsupported", "ignore"}) and not kinds <= {"unsupported"}
        if clash and key in where:
            found.append(Problem(where=where[key], message=f"{written[key]!r} is both {' and '.join(sorted(meanings))}; keep it for one."))
    return found
