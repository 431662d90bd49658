"""Asking back: which options to offer when words have several meanings, or when something is missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from governance.terms import Filter, MemberCompare, MetricQuery, Text
from nlq.draft import Draft, Group
from nlq.lexicon.lexicon import LexiconView
from nlq.matching import Token
from nlq.options import Option, describe
from nlq.reading import Reader
from nlq.times import When
from nlq.words.grammar import DIMENSION, FILLER, METRIC, NOUN
from nlq.words.normalise import stem

MAX_OPTIONS = 6


def choose(queries: Sequence[MetricQuery], draft: Draft, view: LexiconView) -> tuple[Text, tuple[Option, ...]]:
    """Return the question and the options for several readings; only what the caller may know is offered."""
    offered = [query for query in queries if all(name in view.metrics for name in query.metrics) and can_run(query, view)]
    options = tuple(Option(label=describe(query, view.lexicon), query=query) for query in offered[:MAX_OPTIONS])
    declared = next((m.value for token in draft.metrics for m in token.meanings if m.kind == "metric" and m.value is not None), None)
    if isinstance(declared, int):
        ask = view.lexicon.ambiguous[declared].ask
        if ask is not None:
            return ask, options
    differs = {query.metrics for query in offered}
    if len(differs) > 1:
        words = next((token.text for token in draft.metrics if len(token.ids("metric")) > 1), "")
        return Text(zh=f"“{words}”可以指几个指标，请选择：", en=f"'{words}' can mean several metrics; which one?"), options
    return Text(zh="这个问题有几种理解，请选择：", en="The question can be read in several ways; which one?"), options


def can_run(query: MetricQuery, view: LexiconView) -> bool:
    """Return whether every metric of a query can be asked by every dimension it names: only such a query is offered."""
    named = {*query.group_by, *(item.dimension for item in query.where), *(item.dimension for item in query.keep)}
    if isinstance(query.compare, MemberCompare):
        named.add(query.compare.dimension)
    return all(named <= view.lexicon.metrics[name].dimensions for name in query.metrics if name in view.lexicon.metrics)


def or_options(query: MetricQuery, view: LexiconView) -> tuple[Option, ...]:
    """Return each filter alone, and all together, for a question that joined dimensions by `or`."""
    variants = [replace(query, where=(item,)) for item in query.where]
    return tuple(Option(label=describe(variant, view.lexicon), query=variant) for variant in [*variants, query])


def share_options(query: MetricQuery, view: LexiconView) -> tuple[Option, ...]:
    """Return the share by each of the first few dimensions that the metric can be asked by."""
    lexicon = view.lexicon
    fitting = [name for name, info in lexicon.dimensions.items() if name in view.dimensions and info.identifies is None]
    fitting = [name for name in fitting if all(name in lexicon.metrics[metric].dimensions for metric in query.metrics)]
    variants = [replace(query, group_by=(name,)) for name in fitting[:MAX_OPTIONS]]
    return tuple(Option(label=describe(variant, lexicon), query=variant) for variant in variants)


def single_options(query: MetricQuery, view: LexiconView) -> tuple[Text, tuple[Option, ...]] | None:
    """Return what to ask when a metric needs exactly one member of a dimension (one experiment) and none is named; None when all is well."""
    lexicon = view.lexicon
    for name in query.metrics:
        single = lexicon.metrics[name].single
        info = lexicon.dimensions.get(single) if single else None
        if single is None or info is None or single in query.group_by:
            continue
        named = [item for item in query.where if item.dimension == single and item.op == "in"]
        if any(len(item.values) == 1 for item in named):
            continue
        candidates = named[0].values if named else info.members
        rest = tuple(item for item in query.where if item.dimension != single)
        variants = [
            replace(query, where=(*rest, Filter(dimension=single, op="in", values=(value,)))) for value in candidates if view.value_allowed(single, value)
        ]
        if variants:
            ask = Text(zh=f"请选择一个{info.label.zh}：", en=f"Which {info.label.en.lower()}?")
            return ask, tuple(Option(label=describe(variant, lexicon), query=variant) for variant in variants[:MAX_OPTIONS])
    return None


def time_options(query: MetricQuery, whens: Sequence[When | None], view: LexiconView) -> tuple[Option, ...]:
    """Return the query for each of several periods, and the comparison of the last two."""
    periods = [when.period for when in whens if when is not None and when.period is not None]
    variants = [replace(query, period=period) for period in periods]
    if len(periods) == 2:
        later, earlier = sorted(periods, reverse=True)
        variants.append(replace(query, period=later, compare=earlier))
    return tuple(Option(label=describe(variant, view.lexicon), query=variant) for variant in variants)


def ask_back(tokens: Sequence[Token], draft: Draft, reader: Reader, view: LexiconView) -> tuple[Text, tuple[Option, ...]] | None:
    """Return what to ask when no metric was named, or None when nothing was understood at all."""
    lexicon = view.lexicon
    counting = any(token.kind == "U" for token in tokens)
    listed = draft.lists and any((i := lexicon.dimensions.get(n)) is not None and i.person for g in draft.groups for n in g.token.ids("dimension"))
    for token in tokens:
        for meaning in (m for each in (token, *token.alternatives) for m in each.meanings):
            if meaning.kind == "noun" and not listed:
                meant = lexicon.nouns[int(meaning.id)]
                found = _options([name for name in meant.metrics if name in view.metrics], reader, view)
                if found:
                    return meant.ask or _which(token.text), found
    counted = next((g for g in draft.groups if not g.explicit and counting), None)
    if counted is not None and not draft.thresholds and not draft.members and not _is_counted(counted, view):
        return None  # 有几个大区: no metric counts them
    if counted is not None and not draft.thresholds:
        draft.groups.remove(counted)  # 多少医院: what is counted is no cut
    if counting and not draft.groups and counted is None:
        noun = next((n for n in lexicon.nouns if n.metrics and all(name in lexicon.metrics and lexicon.metrics[name].counts is not None for name in n.metrics)), None)
        found = _options([name for name in noun.metrics if name in view.metrics], reader, view) if noun is not None else ()
        if noun is not None and found and draft.counted_in in (None, "人"):
            return noun.ask or _which(""), found
    if (counting or not (draft.members or draft.groups)) and not listed:
        for token in tokens:
            for name in token.ids("dimension"):
                info = lexicon.dimensions.get(name)
                if info is not None and info.identifies is not None:
                    metrics = [m for m, known in lexicon.metrics.items() if known.counts == info.identifies and m in view.metrics]
                    found = _options(metrics, reader, view)
                    if found:
                        return _which(token.text), found
    if not (draft.members or draft.share_of or draft.groups or draft.base_member or counted):
        return None
    named = {name for member in draft.members for name in member.token.ids("value")} | {n for group in draft.groups for n in group.token.ids("dimension")}
    words = [token.text for token in tokens if token.kind in "DV"]

    def fit(metric: str) -> tuple[int, int, int]:
        info = lexicon.metrics[metric]
        label = f"{info.label.zh} {info.label.en.lower()}"
        return -sum(word in label for word in words), -len(named & info.dimensions), -len(info.dimensions)

    fitting = sorted((m for m in lexicon.metrics if m in view.metrics), key=fit)
    if draft.counted_in:
        fitting = [m for m in fitting if draft.counted_in in lexicon.metrics[m].unit] or fitting
    found = _options(fitting, reader, view)[:4]
    return (Text(zh="想看哪个指标？", en="Which metric do you mean?"), found) if found else None


def _is_counted(group: Group, view: LexiconView) -> bool:
    lexicon = view.lexicon
    entities = {info.identifies for name in group.token.ids("dimension") if (info := lexicon.dimensions.get(name)) is not None}
    labels = " ".join(info.label.zh + " " + info.label.en.lower() for info in lexicon.metrics.values())
    return bool(entities - {None} & {info.counts for info in lexicon.metrics.values()}) or stem(group.token.text) in labels


def miscounted_noun(tokens: Sequence[Token], draft: Draft, query: MetricQuery, view: LexiconView) -> tuple[Text, tuple[Option, ...]] | None:
    """Return what to ask where another thing is counted than the metric counts: 拜访了多少医生 asks for doctors, 拜访次数 counts visits."""
    if draft.thresholds or draft.ordering is not None or draft.share or len(query.metrics) != 1:
        return None
    lexicon = view.lexicon
    said = [token for token in tokens if token.kind != FILLER]
    noun = next((said[at + 1] for at, token in enumerate(said[:-1]) if token.kind == "U" and said[at + 1].kind in (DIMENSION, NOUN)), None)
    info = lexicon.metrics[query.metrics[0]]
    if noun is None:
        return None
    identified = {known.identifies for name in noun.ids("dimension") if (known := lexicon.dimensions.get(name)) is not None and known.identifies}
    nouns = [lexicon.nouns[int(m.id)] for each in (noun, *noun.alternatives) for m in each.meanings if m.kind == "noun"]
    counting = [name for meant in nouns for name in meant.metrics] + [name for name, known in lexicon.metrics.items() if known.counts in identified]
    word = stem(noun.text)
    fits = info.counts in identified or info.id in counting or word in f"{info.label.zh} {info.label.en.lower()} {info.unit}"
    named = any(token.kind == METRIC and word in token.text for token in tokens)
    if not (identified or nouns) or fits or named or (not identified and any(group.explicit and group.token is noun for group in draft.groups)):
        return None
    also = [name for name, known in lexicon.metrics.items() if word in f"{known.label.zh} {known.label.en.lower()}" and not known.ratio]
    offered = [name for name in dict.fromkeys([*counting, *also]) if name in view.metrics]
    where = tuple(item for item in query.where if item.dimension not in noun.ids("dimension"))
    group = tuple(name for name in query.group_by if name not in noun.ids("dimension"))
    found = tuple(replace(query, metrics=(name,), where=where, group_by=group) for name in offered[:MAX_OPTIONS])
    if not found:
        return None
    ask = next((meant.ask for meant in nouns if meant.ask is not None), None) or _which(noun.text)
    return ask, tuple(Option(label=describe(option, lexicon), query=option) for option in found)


def _which(word: str) -> Text:
    return Text(zh=f"想看哪一种{word}？", en=f"Which {word} do you mean?")


def _options(metrics: Sequence[str], reader: Reader, view: LexiconView) -> tuple[Option, ...]:
    found: list[Option] = []
    for metric in metrics:
        if len(found) == MAX_OPTIONS:
            break
        reading = reader.with_metric(metric)
        if reading is not None and can_run(reading.query, view):
            found.append(Option(label=describe(reading.query, view.lexicon), query=reading.query))
    if not found:  # nothing can be asked by all that was named: what can be asked without it
        readings = [reading.query for metric in metrics[:_FEW] if (reading := reader.with_metric(metric)) is not None]
        found = [Option(label=describe(query, view.lexicon), query=query) for query in dict.fromkeys(_stripped(query, view) for query in readings)]
    return tuple(found)


_FEW = 3


def _stripped(query: MetricQuery, view: LexiconView) -> MetricQuery:
    """Return a query without the filters and cuts that its metrics can't take."""
    known = frozenset.intersection(*(view.lexicon.metrics[name].dimensions for name in query.metrics))
    compare = None if isinstance(query.compare, MemberCompare) and query.compare.dimension not in known else query.compare
    group_by, where, keep = (tuple(d for d in query.group_by if d in known), tuple(w for w in query.where if w.dimension in known), tuple(k for k in query.keep if k.dimension in known))
    rows = bool(group_by or query.grain)
    return replace(query, group_by=group_by, where=where, keep=keep, compare=compare, order=query.order if rows else (), limit=query.limit if rows else None, having=query.having if rows else (), share=query.share and rows)
