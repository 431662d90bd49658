"""What people read about the catalogue and the bundle: metric cards, completion, the committee's page. Built from documents, never from data."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from governance.access.authorize import allowed_dimensions, allowed_metrics
from governance.access.policy import Policy
from governance.bundle.loading import Bundle
from governance.documents.access import RowRule, Rule, Selection
from governance.documents.base import Words
from governance.documents.extracts import Mapping as ExtractMapping
from governance.documents.metrics import Dimension, Metric
from governance.metrics.catalogue import Catalogue
from governance.terms import Actor, Language, Text, Value

CLOSED_LIST = 40
"""Dimensions of at most so many values offer them in forms."""

STAGES = {
    "initial_reach": Text(zh="初步触达", en="Initial reach"),
    "coverage": Text(zh="覆盖扩张", en="Coverage"),
    "engagement": Text(zh="持续互动", en="Engagement"),
    "perception": Text(zh="观念与行为转变", en="Perception"),
    "outcome": Text(zh="业务效能", en="Outcome"),
    "compliance": Text(zh="合规", en="Compliance"),
}


def words(given: Words | Text) -> dict[str, str]:
    """Return a text as plain data."""
    return {"zh": given.zh, "en": given.en}


def value_label(dimension: Dimension, value: Value) -> dict[str, str]:
    """Return how a value is called; its own form where the bundle gives it no label."""
    for item in dimension.values:
        if item.value == value and item.label is not None:
            return words(item.label)
    return {"zh": str(value), "en": str(value)}


def _choice(catalogue: Catalogue, name: str, value_allowed: Callable[[str, Value], bool] | None) -> dict[str, Any]:
    dimension = catalogue.dimensions[name]
    out: dict[str, Any] = {"id": name, "label": words(dimension.label)}
    values = catalogue.values(name)
    if value_allowed is not None and dimension.identifies is None and 0 < len(values) <= CLOSED_LIST:
        out["values"] = [{"value": v, "label": value_label(dimension, v)} for v in values if value_allowed(name, v)]
    return out


def metric_card(
    catalogue: Catalogue, metric: Metric, dimensions: Iterable[str], *, value_allowed: Callable[[str, Value], bool] | None = None
) -> dict[str, Any]:
    """Return one metric with everything that makes its number trustworthy."""
    stage = STAGES.get(metric.stage, Text(zh=metric.stage, en=metric.stage))
    return {
        "id": metric.id,
        "label": words(metric.label),
        "definition": words(metric.definition),
        "stage": metric.stage,
        "stage_label": {"zh": stage.zh, "en": stage.en},
        "kind": metric.kind,
        "synonyms": list(metric.synonyms.all),
        "unit": words(metric.unit) if metric.unit else None,
        "format": metric.format,
        "sensitivity": metric.sensitivity,
        "owner": metric.owner.zh,
        "owner_label": words(metric.owner),
        "approver": metric.approver.zh,
        "approver_label": words(metric.approver),
        "approved_on": metric.approved_on.isoformat(),
        "version": metric.version,
        "effective_from": metric.effective_from.isoformat(),
        "dimensions": [_choice(catalogue, name, value_allowed) for name in dimensions],
        "caveat": words(metric.caveat) if metric.caveat else None,
        "examples": [item.ask for item in metric.golden],
    }


def cards_for(catalogue: Catalogue, policy: Policy, actor: Actor, purpose: str, value_allowed: Callable[[str, Value], bool]) -> list[dict[str, Any]]:
    """Return the cards of the metrics that the caller may ask for the purpose, each with the dimensions that the caller may use."""
    allowed = allowed_metrics(actor, purpose, policy)
    return [
        metric_card(catalogue, metric, allowed_dimensions(actor, purpose, name, policy), value_allowed=value_allowed)
        for name, metric in catalogue.metrics.items()
        if name in allowed
    ]


# --------------------------------------------------------------------------- completion


def complete(
    catalogue: Catalogue,
    metrics: Iterable[str],
    dimensions: Iterable[str],
    value_allowed: Callable[[str, Value], bool],
    typed: str,
    language: Language,
    *,
    limit: int = 8,
) -> list[dict[str, Any]]:
    """Return what can be typed next: names that begin with, or contain, the last piece of what was typed, and what each is."""
    piece = _last_piece(typed)
    if not piece:
        return []
    found: list[tuple[int, int, dict[str, Any]]] = []
    whole = False

    def offer(kind: str, label: Words, says: Iterable[str], description: dict[str, str]) -> None:
        nonlocal whole
        names = [label.zh, label.en, *says]
        whole = whole or any(len(name) > 1 and piece.endswith(name.lower()) for name in names)
        best = min((_rank(name, piece) for name in names), default=9)
        if best < 9:
            text = label.zh if language == "zh" else label.en
            found.append((best, len(text), {"text": text, "kind": kind, "label": words(label), "description": description}))

    for name in metrics:
        metric = catalogue.metrics[name]
        offer("metric", metric.label, metric.synonyms.all, words(metric.definition))
    for name in dimensions:
        dimension = catalogue.dimensions[name]
        kind = {"zh": "维度", "en": "dimension"}
        offer("dimension", dimension.label, dimension.synonyms.all, kind)
        if dimension.identifies is not None:
            continue
        known = {item.value: item for item in dimension.values}
        for value in catalogue.values(name):
            item = known.get(value)
            label = item.label if item is not None and item.label is not None else Words(zh=str(value), en=str(value))
            if value_allowed(name, value):
                offer("value", label, item.synonyms.all if item is not None else (), words(dimension.label))
    if whole:
        return []  # a name stands there already; what follows it is the typist's to begin
    found.sort(key=lambda item: (item[0], item[1], item[2]["text"]))
    return [item for _, _, item in found[:limit]]


def _last_piece(typed: str) -> str:
    """Return the end of the text that may be the beginning of a name: the last English word, or up to eight Chinese characters."""
    text = typed.rstrip("\n")
    if not text or text[-1].isspace():
        return ""
    last = text.split()[-1]
    tail = ""
    for char in reversed(last):
        if tail and char.isascii() != tail[0].isascii():
            break
        tail = char + tail
    return tail[-8:] if not tail.isascii() else tail.lower()


def _rank(name: str, piece: str) -> int:
    """0: the name begins with the piece; 1: a word of it does; up to 8: with a shorter end of the piece; 9: no match."""
    low = name.lower()
    if piece.isascii():
        if low.startswith(piece):
            return 0
        return 1 if len(piece) > 1 and any(word.startswith(piece) for word in low.split()) else 9
    for cut in range(min(len(piece), 7)):
        if low.startswith(piece[cut:]) and low != piece[cut:]:
            return cut
    return 9


# --------------------------------------------------------------------------- the committee's page


def _selection(selection: Selection, labels: Callable[[str], str], *, everything: str, language: Language) -> str:
    zh = language == "zh"
    parts = []
    if selection.all:
        parts.append(everything)
    if selection.stages:
        named = [(STAGES[s].zh if zh else STAGES[s].en) if s in STAGES else s for s in selection.stages]
        parts.append(("阶段：" if zh else "stages ") + ("、" if zh else ", ").join(named))
    if selection.tags:
        parts.append(("标签：" if zh else "tagged ") + ", ".join(selection.tags))
    if selection.names:
        parts.append(("、" if zh else ", ").join(labels(name) for name in selection.names))
    left_out = [*(labels(name) for name in selection.without), *selection.without_tags]
    if left_out:
        parts.append(("除外：" if zh else "except ") + ("、" if zh else ", ").join(left_out))
    return ("；" if zh else "; ").join(parts) or ("（无）" if zh else "(none)")


def _row(row: RowRule, catalogue: Catalogue, language: Language) -> str:
    if row.dimension is not None:
        label = catalogue.dimensions[row.dimension].label.text()[language] if row.dimension in catalogue.dimensions else row.dimension
        return f"{label} = {', '.join(row.values)}"
    return f"自己名下的{row.entity}（{row.link}）" if language == "zh" else f"own {row.entity} ({row.link})"


RIGHTS = {
    ("export", True): Text(zh="可存为文件", en="may leave as a file"),
    ("export", False): Text(zh="不可存为文件", en="may not leave as a file"),
    ("model_egress", True): Text(zh="可送语言模型", en="may go to the language model"),
    ("model_egress", False): Text(zh="不送语言模型", en="does not go to the language model"),
}


def _withheld(rule: Rule, catalogue: Catalogue, language: Language) -> list[str]:
    """Return what a rule says of masks and rights."""

    def name(dimension: str) -> str:
        return catalogue.dimensions[dimension].label.text()[language] if dimension in catalogue.dimensions else dimension

    zh = language == "zh"
    masks = [
        (f"{name(mask.dimension)}只按{name(mask.to)}显示" if zh else f"{name(mask.dimension)} shown by {name(mask.to)} only")
        if mask.to is not None
        else (f"{name(mask.dimension)}不显示" if zh else f"{name(mask.dimension)} not shown")
        for mask in rule.masks
    ]
    return masks + [RIGHTS[right, said][language] for right, said in (("export", rule.export), ("model_egress", rule.model_egress)) if said is not None]


def rule_in_words(rule: Rule, catalogue: Catalogue, policy: Policy) -> Text:
    """Return what a rule says, in a sentence of each language."""

    def said(language: Language) -> str:
        zh = language == "zh"
        metrics = _selection(
            rule.metrics, lambda n: catalogue.metrics[n].label.text()[language] if n in catalogue.metrics else n, everything="全部指标" if zh else "all metrics", language=language
        )
        dimensions = _selection(
            rule.dimensions, lambda n: catalogue.dimensions[n].label.text()[language] if n in catalogue.dimensions else n, everything="全部维度" if zh else "all dimensions", language=language
        )
        purposes = ("、" if zh else ", ").join(policy.purposes[p].label.text()[language] for p in rule.purposes)
        rows = ("，" if zh else ", ").join(_row(row, catalogue, language) for row in rule.rows)
        k = rule.minimum_group.k if rule.minimum_group else None
        if zh:
            effect = {"allow": "允许", "deny": "禁止", "limit": "约束"}[rule.effect]
            text = f"{effect}：{metrics}；按{dimensions}；目的：{purposes}"
            text += f"；仅限：{rows}" if rows else ""
            text += f"；每组至少 {k} 人" if k else "；没有最小分组" if k == 0 else ""
            return text + "".join(f"；{item}" for item in _withheld(rule, catalogue, "zh"))
        effect = {"allow": "Allows", "deny": "Denies", "limit": "Limits"}[rule.effect]
        text = f"{effect} {metrics}; by {dimensions}; for {purposes}"
        text += f"; only {rows}" if rows else ""
        text += f"; groups of at least {k}" if k else "; no minimum group" if k == 0 else ""
        return text + "".join(f"; {item}" for item in _withheld(rule, catalogue, "en"))

    return Text(zh=said("zh"), en=said("en"))


def bundle_view(bundle: Bundle, catalogue: Catalogue, policy: Policy) -> dict[str, Any]:
    """Return the bundle in force, readable: settings, roles with their rules in words, metrics, dimensions, extracts, files with hashes."""
    settings = bundle.settings
    pairs = [
        (Text(zh="时区", en="Time zone"), Text(zh=settings.timezone, en=settings.timezone)),
        (Text(zh="财年起始月", en="Fiscal year begins in month"), Text(zh=str(settings.fiscal_year_start), en=str(settings.fiscal_year_start))),
        *((contact.label.text(), Text(zh=contact.how, en=contact.how)) for contact in settings.contacts.values()),
    ]
    roles = []
    for role in policy.roles.values():
        group = role.minimum_group
        own = [compiled.rule for compiled in policy.rules.values() if role.id in compiled.rule.roles]
        roles.append(
            {
                "id": role.id,
                "label": words(role.label),
                "department": role.department,
                "purposes": [words(policy.purposes[p].label) for p in role.purposes],
                "minimum_group": {"zh": f"每组至少 {group.k} 位医生", "en": f"groups of at least {group.k} doctors"} if group else None,
                "rules": [
                    {"id": r.id, "effect": r.effect, "text": words(rule_in_words(r, catalogue, policy)), "reason": words(r.reason), "source": r.source}
                    for r in own
                ],
            }
        )
    return {
        "name": settings.name,
        "title": words(settings.title),
        "version": bundle.version,
        "settings": [(words(name), words(value)) for name, value in pairs],
        "roles": roles,
        "metrics": [metric_card(catalogue, metric, catalogue.dimensions_for(name)) for name, metric in catalogue.metrics.items()],
        "dimensions": [
            {
                "id": name,
                "label": words(dimension.label),
                "values": [value_label(dimension, item.value) for item in dimension.values],
                "open": dimension.open,
                "tags": sorted(dimension.tags),
            }
            for name, dimension in catalogue.dimensions.items()
        ],
        "extracts": [_extract(item.document, item.file) for item in bundle.of("extracts", ExtractMapping)],
        "files": [{"path": path, "sha256": digest} for path, digest in sorted(bundle.files.items())],
    }


def _extract(document: ExtractMapping, file: str) -> dict[str, Any]:
    title = document.title
    return {
        "file": ", ".join(document.files),
        "label": words(title) if title else {"zh": document.extract, "en": document.extract},
        "into": ", ".join(dict.fromkeys(load.table for load in document.load)),
        "columns": [],
        "mapping": file,
    }
