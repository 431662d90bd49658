"""The things of a bundle that forms can change (roles, rules, metrics, purposes, terms): where each stands in the texts, and its fields.

A form shows a thing's fields as the bundle has them and writes back only those that were changed, each at its own place in the text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import yaml

from governance.documents.reading import harmless
from wenshu.committee.splicing import drop, put
from wenshu.committee.texts import find
from wenshu.web.language import say
from wenshu.web.language import translate as _

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
Kind = Literal["line", "words", "lines", "number", "decimal", "date", "choice", "right", "many", "flag", "group", "selection", "rows", "masks", "golden"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field of a form: its key in the form, how it is called and asked for, and what can be chosen (the vocabulary's name).

    In the text it is the key `name` (the form's own where empty) of the mapping that lies at `at` inside the thing.
    """

    key: str
    label: str
    kind: Kind
    of: str = ""
    required: bool = False
    hint: str = ""
    default: bool = False
    at: tuple[str | int, ...] = ()
    name: str = ""

    def of_thing(self, value: Any) -> Any:
        """Return what a thing has there, None where it has nothing."""
        for step in self.at:
            value = value[step] if isinstance(value, list) and isinstance(step, int) and step < len(value) else value.get(step) if isinstance(value, Mapping) else None
        return value.get(self.name or self.key) if isinstance(value, Mapping) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """One named thing: the file and the list it stands in, and its value as data."""

    kind: str
    id: str
    path: str
    listed: str
    value: Mapping[str, Any]
    first: int
    last: int
    place: str | int
    """Where it stands in its list: its `id`, or its position where such things have none."""

    @property
    def label(self) -> str:
        return say(self.value.get("label")) or _by_words(self.value) or self.id


LISTS: Mapping[str, tuple[str, str]] = {
    "role": ("access", "roles"),
    "rule": ("access", "rules"),
    "purpose": ("access", "purposes"),
    "metric": ("metrics", "metrics"),
    "dimension": ("metrics", "dimensions"),
    "term": ("lexicon", "terms"),
    "guard": ("lexicon", "guard"),
    "alias": ("lexicon", "aliases"),
    "ambiguous": ("lexicon", "ambiguous"),
    "bound": ("lexicon", "bounds"),
}
"""The folder and the top-level list of each kind."""
NAMELESS = frozenset({"alias", "ambiguous", "bound"})
"""Kinds whose things have no `id`: they are called by their words, and addressed by file and position."""
SHOWN_WORDS = 3


def kind_name(kind: str) -> str:
    """Return what a kind's things are called, in the plural."""
    return {
        "role": _("Roles"), "rule": _("Rules"), "purpose": _("Purposes"), "metric": _("Metrics"), "dimension": _("Dimensions"), "term": _("Business terms"), "guard": _("Guard words"),
        "alias": _("Further words"), "ambiguous": _("Words that ask back"), "bound": _("Words for a threshold"),
    }[kind]


def _by_words(value: Mapping[str, Any]) -> str:
    """Return the first few words of a thing that is called by its words."""
    said = value.get("words")
    found = [*(said.get("zh") or ()), *(said.get("en") or ())] if isinstance(said, Mapping) else list(said or ()) if isinstance(said, list) else []
    return " · ".join(map(str, found[:SHOWN_WORDS])) + (" …" if len(found) > SHOWN_WORDS else "")


def fields(kind: str, value: Mapping[str, Any] | None = None) -> tuple[Field, ...]:
    """Return the fields that a form of this kind has, the usual change first. `value`: the thing, where its own parts decide how many there are."""
    label = Field(key="label", label=_("How it is called"), kind="words", required=True)
    synonyms = Field(key="synonyms", label=_("Also asked as"), kind="lines", hint=_("One a line"))
    group = Field(key="minimum_group", label=_("Smallest group that is shown"), kind="group", hint=_("A cell of fewer is hidden. The largest of the role's and its rules' counts."))
    match kind:
        case "role":
            return (
                group,
                label,
                Field(key="purposes", label=_("May ask for"), kind="many", of="purposes", hint=_("The first is the default")),
                Field(key="export", label=_("Answers may leave as a file"), kind="flag"),
                Field(key="model_egress", label=_("Questions may go, screened, to the language model"), kind="flag"),
                Field(key="ask_instead", label=_("Whom to ask for more"), kind="words"),
                Field(key="max_rows", label=_("Most rows of an answer"), kind="number", hint=_("Left empty: 100,000")),
                Field(key="break_glass_hours", label=_("Hours of an emergency right"), kind="number", hint=_("What the committee could grant, opened at once with a reason and reviewed afterwards; empty: never")),
            )
        case "rule":
            return (
                Field(key="effect", label=_("This rule"), kind="choice", of="effects", required=True),
                Field(key="roles", label=_("Roles"), kind="many", of="roles", required=True),
                Field(key="purposes", label=_("Purposes"), kind="many", of="purposes", required=True),
                Field(key="metrics", label=_("Metrics"), kind="selection", of="metrics", required=True),
                Field(key="dimensions", label=_("Dimensions"), kind="selection", of="dimensions"),
                Field(key="metric_alone", label=_("Also without any dimension"), kind="flag", default=True),
                Field(key="rows", label=_("Only these rows"), kind="rows", of="dimensions"),
                group,
                Field(key="masks", label=_("Told by something coarser"), kind="masks", of="dimensions", hint=_("Hidden where nothing coarser is chosen")),
                Field(key="export", label=_("Answers may leave as a file"), kind="right", of="rights"),
                Field(key="model_egress", label=_("Questions may go, screened, to the language model"), kind="right", of="rights"),
                Field(key="effective_from", label=_("From"), kind="date"),
                Field(key="effective_until", label=_("Until"), kind="date"),
                Field(key="reason", label=_("Why, as people are told"), kind="words", required=True),
                Field(key="obligation", label=_("What the answer says beside it"), kind="words"),
                Field(key="source", label=_("Source"), kind="line", hint=_("Law, contract or decision")),
            )
        case "metric":
            return (
                label,
                Field(key="definition", label=_("Definition in words"), kind="words", required=True),
                synonyms,
                Field(key="golden", label=_("Golden questions"), kind="golden", hint=_("At least one in Chinese and one in English: read as the approved query, or the metric does not go in force")),
                Field(key="owner", label=_("Owner"), kind="words", required=True),
                Field(key="approver", label=_("Approved by"), kind="words", required=True),
                Field(key="approved_on", label=_("Approved on"), kind="date", required=True),
                Field(key="version", label=_("Version"), kind="line", required=True),
                Field(key="effective_from", label=_("Effective from"), kind="date", required=True),
                Field(key="retired_on", label=_("Retired on"), kind="date", hint=_("From this day on nobody can ask it")),
                Field(key="successor", label=_("Successor"), kind="choice", of="metrics"),
                Field(key="caveat", label=_("Always said"), kind="words"),
            )
        case "dimension":
            return (label, synonyms, Field(key="description", label=_("Description"), kind="words"))
        case "purpose":
            return (label, synonyms, Field(key="legal_basis", label=_("Legal basis"), kind="words"))
        case "guard":
            return _guard_fields(value or {})
        case "alias":
            means = ("means",)
            return (
                Field(key="words", label=_("Words"), kind="lines", hint=_("One a line")),
                Field(key="metric", label=_("mean this metric"), kind="choice", of="metrics", at=means, hint=_("or a dimension, below")),
                Field(key="dimension", label=_("mean this dimension"), kind="choice", of="dimensions", at=means),
                Field(key="value", label=_("and this value of it"), kind="line", at=means, hint=_("Left empty: the dimension itself")),
            )
        case "ambiguous":
            return (
                Field(key="words", label=_("Words"), kind="lines", hint=_("One a line")),
                Field(key="metrics", label=_("Offered to choose from"), kind="many", of="metrics", hint=_("At least two")),
                Field(key="ask", label=_("The question that is asked back"), kind="words", hint=_("Left empty: a general one")),
            )
        case "bound":
            return (
                Field(key="words", label=_("Words"), kind="lines", hint=_("One a line")),
                Field(key="metric", label=_("speak of this metric"), kind="choice", of="metrics", required=True),
                Field(key="op", label=_("Comparison"), kind="choice", of="comparisons", required=True),
                Field(key="value", label=_("Threshold"), kind="decimal", required=True, hint=_("A share as in 0.5")),
                Field(key="owner", label=_("Owner"), kind="words"),
            )
        case _:
            return (
                label,
                synonyms,
                Field(key="filters", label=_("Stands for"), kind="rows", of="dimensions"),
                Field(key="roles", label=_("Only these roles know it"), kind="many", of="roles", hint=_("None: everybody")),
                Field(key="owner", label=_("Owner"), kind="words", required=True),
            )


def _guard_fields(value: Mapping[str, Any]) -> tuple[Field, ...]:
    groups = [index for index, item in enumerate(value.get("all_of") or ()) if isinstance(item, Mapping)]
    many = len(groups) > 1
    words = [
        Field(
            key=f"group-{index}", label=_("Words, group %(number)s", number=index + 1) if many else _("Words"), kind="lines", at=("all_of", index), name="words",
            hint=_("One a line; a question ends when every group has one of its words") if many else _("One a line; a question with one of them ends"),
        )
        for index in groups
    ]
    return (
        *words,
        Field(key="unless", label=_("Unless one of these is there"), kind="lines", hint=_("One a line")),
        Field(key="message", label=_("What the asker is told"), kind="words", required=True),
        Field(key="reason", label=_("Why"), kind="line"),
    )


def things(texts: Mapping[str, str]) -> Iterator[Thing]:
    """Yield everything in the texts that a form can change. A file that is not valid YAML has none until its text is mended."""
    for path in sorted(texts):
        yield from _things_of(path, texts[path])


@lru_cache(maxsize=512)
def _things_of(path: str, text: str) -> tuple[Thing, ...]:
    """Return the things of one file. Reading YAML is slow, and most files of a draft stay as they are."""
    kinds = [(kind, listed) for kind, (folder, listed) in LISTS.items() if path.startswith(folder + "/")]
    if not kinds or not harmless(text):
        return ()
    try:
        data, node = yaml.load(text, Loader=_LOADER), yaml.compose(text, Loader=_LOADER)  # noqa: S506 - a safe loader
    except (yaml.YAMLError, ValueError):
        return ()
    if not isinstance(data, dict) or not isinstance(node, yaml.MappingNode):
        return ()
    lists, found = {key.value: value for key, value in node.value}, []
    for kind, listed in kinds:
        items = data.get(listed)
        if not isinstance(items, list):
            continue
        for index, (value, place) in enumerate(zip(items, lists[listed].value, strict=False)):
            if not isinstance(value, dict) or (kind not in NAMELESS and not isinstance(value.get("id"), str)):
                continue
            last = place.end_mark.line - (place.end_mark.column == 0 or not place.flow_style)
            at, name = (index, f"{path.rpartition('/')[2].partition('.')[0]}-{index}") if kind in NAMELESS else (value["id"], value["id"])
            found.append(Thing(kind=kind, id=name, path=path, listed=listed, value=value, first=place.start_mark.line, last=max(last, place.start_mark.line), place=at))
    return tuple(found)


@lru_cache(maxsize=512)
def _persons_of(text: str) -> tuple[tuple[str, Any], ...]:
    """Return the entities of one file of models that are protected persons, which minimum groups are counted in, each with the label of the table that it is the key of."""
    if "person:" not in text or not harmless(text):
        return ()
    try:
        data = yaml.load(text, Loader=_LOADER)  # noqa: S506 - a safe loader
    except (yaml.YAMLError, ValueError):
        return ()
    models = data.get("models") if isinstance(data, dict) else None
    found: dict[str, Any] = {}
    for model in models if isinstance(models, list) else ():
        entities = model.get("entities") if isinstance(model, dict) else None
        for entity in entities if isinstance(entities, list) else ():
            if isinstance(entity, dict) and entity.get("person") is True and isinstance(entity.get("name"), str):
                label = model.get("label") if entity.get("role") == "primary" else None
                found[entity["name"]] = label or found.get(entity["name"]) or entity["name"]
    return tuple(found.items())


def vocabulary(texts: Mapping[str, str]) -> dict[str, list[tuple[str, str]]]:
    """Return what the fields can choose from: pairs of identifier and name, and the stages and tags in use."""
    found = list(things(texts))
    words = {kind + "s": [(thing.id, thing.label) for thing in found if thing.kind == kind] for kind in ("role", "purpose", "metric", "dimension")}
    metrics = [thing.value for thing in found if thing.kind == "metric"]
    dimensions = [thing.value for thing in found if thing.kind == "dimension"]
    used = {str(thing.value["minimum_group"]["entity"]) for thing in found if isinstance(thing.value.get("minimum_group"), dict) and thing.value["minimum_group"].get("entity")}
    persons = {name: say(label) for path in sorted(texts) if path.startswith("metrics/") for name, label in _persons_of(texts[path])}
    plain = {
        "stages": sorted({str(item["stage"]) for item in metrics if item.get("stage")}),
        "metrics_tags": sorted({str(tag) for item in metrics for tag in item.get("tags") or ()}),
        "dimensions_tags": sorted({str(tag) for item in dimensions for tag in item.get("tags") or ()}),
    }
    effects = [
        ("allow", _("allows")), ("deny", _("denies; it wins over every rule that allows")), ("limit", _("narrows what other rules allow")),
    ]  # fmt: skip
    rights = [("yes", _("yes")), ("no", _("no"))]
    comparisons = [(">=", _("at least")), (">", _("more than")), ("<=", _("at most")), ("<", _("less than")), ("=", _("exactly")), ("!=", _("anything but"))]
    return words | {name: [(value, value) for value in values] for name, values in plain.items()} | {"entities": sorted(({name: name for name in used} | persons).items()), "effects": effects, "rights": rights, "comparisons": comparisons}


def changed_text(text: str, thing: Thing, values: Mapping[str, Any]) -> str:
    """Return the text with the fields of `values` that differ from the thing's own written; None removes a field. InvalidQuery where one can't be."""
    place = (thing.listed, thing.place)
    find(text, place)
    for field in fields(thing.kind, thing.value):
        if field.key not in values:
            continue
        value, now = values[field.key], field.of_thing(thing.value)
        if value == now:
            continue
        at, key = (*place, *field.at), field.name or field.key
        text = drop(text, at, key) if value is None else put(text, at, key, value)
    return text
