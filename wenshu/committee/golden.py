"""The life of a metric inside a draft: what is new or changed is approved by a date, and its golden questions are read as it says."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace

from governance.documents.lexicon import LexiconDocument
from governance.errors import InvalidQuery
from governance.metrics.catalogue import Catalogue
from governance.metrics.parsing import query_from_json
from governance.terms import Text
from wenshu.committee.candidates import Candidate

IMPORTED = "imported_draft"
"""Tag of metrics that an import proposed and nobody has approved."""


def obstacles(before: Candidate, after: Candidate, catalogue: Catalogue, *, today: dt.date) -> Iterator[Text]:
    """Yield what keeps the draft's metrics from going in force. `catalogue` is the draft's, with the loaded data's values where there are any."""
    for name, metric in after.catalogue.metrics.items():
        if IMPORTED in metric.tags:
            yield Text(zh=f"指标 {name} 是导入的草稿：核对后去掉标签 {IMPORTED}", en=f"The metric {name} is an imported draft: review it and take away the tag {IMPORTED}.")
        elif metric.approved_on > today:
            yield Text(zh=f"指标 {name} 尚未核准（approved_on {metric.approved_on}）", en=f"The metric {name} is not approved yet (approved_on {metric.approved_on}).")
    yield from _golden(before, after, catalogue, today)


def _golden(before: Candidate, after: Candidate, catalogue: Catalogue, today: dt.date) -> Iterator[Text]:
    words_changed = before.tree.part("lexicon") != after.tree.part("lexicon")
    names_changed = _names(before.catalogue) != _names(after.catalogue)
    metrics = [
        metric for name, metric in after.catalogue.metrics.items() if metric.golden and (words_changed or names_changed or before.catalogue.metrics.get(name) != metric)
    ]
    if not metrics:
        return
    from nlq.lexicon import Lexicon
    from nlq.understand import understand
    from nlq.verified import same_form

    documents = [read.document for read in after.bundle.of("lexicon", LexiconDocument)]
    lexicon = Lexicon.compile(catalogue, documents, after.bundle.settings)
    everything = lexicon.visible(frozenset(catalogue.metrics), frozenset(catalogue.dimensions))
    for metric in metrics:
        for golden in metric.golden:
            found = understand(golden.ask, lexicon=everything, today=today)
            try:
                wanted = query_from_json(golden.query)
            except InvalidQuery as error:
                yield Text(zh=f"指标 {metric.id} 的标准问题“{golden.ask}”的查询无效：{error}", en=f"The golden question “{golden.ask}” of {metric.id} has no valid query: {error}")
                continue
            read = found.readings[0].query if found.status == "read" else None
            if read is not None and wanted.period is None:
                read = replace(read, period=None)
            if read is None or same_form(read) != same_form(wanted):
                yield Text(
                    zh=f"指标 {metric.id} 的标准问题“{golden.ask}”不再被读作核准的查询", en=f"The golden question “{golden.ask}” of {metric.id} is no longer read as the approved query."
                )


def _names(catalogue: Catalogue) -> object:
    """Return every word that the catalogue gives to metrics, dimensions and values: one metric's synonym can take another's question."""
    return (
        {name: (metric.label, metric.synonyms) for name, metric in catalogue.metrics.items()},
        {name: (item.label, item.synonyms, item.values, item.open) for name, item in catalogue.dimensions.items()},
    )
