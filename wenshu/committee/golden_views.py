"""Golden questions as the committee's pages show them: what each is read as, in words, beside what was approved."""

from __future__ import annotations

import datetime as dt
import hashlib
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from governance.documents.metrics import GoldenQuestion, Metric
from governance.metrics.catalogue import Catalogue
from governance.metrics.parsing import query_to_json
from governance.terms import MetricQuery, Text
from wenshu.committee.candidates import Candidate
from wenshu.committee.cases import words
from wenshu.committee.golden import LANGUAGES, Goldens, lexicon_of, missing
from wenshu.committee.shapes import GoldenMetricView, GoldenQuestionView, Words

if TYPE_CHECKING:
    from nlq.lexicon.lexicon import Lexicon
    from nlq.verified_reading import GoldenReading

KEPT = 3
UNREAD = Text(zh="读不懂这句话：换一种问法，或写出它的查询", en="These words are not understood: phrase them another way, or write their query")


class Lexicons:
    """Compiles candidates' words, keeping the last few: golden questions are no part of them, so that trying one compiles nothing. Safe for threads."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Lexicon] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, candidate: Candidate, catalogue: Catalogue) -> Lexicon:
        """Return the words of a candidate over its catalogue."""
        key = _content(candidate, catalogue)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        made = lexicon_of(candidate, catalogue)
        with self._lock:
            self._kept[key] = made
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return made


def _content(candidate: Candidate, catalogue: Catalogue) -> str:
    """Return a hash of all that a lexicon is compiled from."""
    found = hashlib.sha256()
    for document in (candidate.bundle.settings, *catalogue.dimensions.values()):
        found.update(document.model_dump_json().encode())
    for metric in catalogue.metrics.values():
        found.update(metric.model_dump_json(exclude={"golden"}).encode())
    found.update(repr((candidate.tree.part("lexicon"), {name: catalogue.values(name) for name in catalogue.dimensions})).encode())
    return found.hexdigest()


def shown(goldens: Goldens, after: Candidate, lexicon: Lexicon) -> list[GoldenMetricView]:
    """Return the draft's new and changed metrics with their golden questions, and the others whose questions it makes unreadable."""
    found = [_metric(after.catalogue.metrics[name], goldens.of(name), because, lexicon, changed=True) for name, because in goldens.changed.items()]
    if goldens.words_changed:
        for name, metric in after.catalogue.metrics.items():
            worse = {item.ask for item in goldens.worse(name)} if metric.golden and name not in goldens.changed else set()
            if worse:
                told = _metric(metric, goldens.of(name), None, lexicon, changed=False)
                found.append(told | {"ok": False, "questions": [item | {"passes": item["passes"] and item["ask"] not in worse} for item in told["questions"]]})
    return found


def _metric(metric: Metric, read: Sequence[GoldenReading], because: Text | None, lexicon: Lexicon, *, changed: bool) -> GoldenMetricView:
    questions = [question(item, golden, lexicon) for item, golden in zip(read, metric.golden, strict=True)]
    lacking = list(missing(metric, read, because)) if changed else []
    return {
        "metric": metric.id, "label": words(metric.label.text()), "because": words(because) if because else None, "questions": questions,
        "missing": [words(text) for text in lacking], "ok": not lacking and all(item["passes"] for item in questions),
    }  # fmt: skip


def question(item: GoldenReading, golden: GoldenQuestion, lexicon: Lexicon) -> GoldenQuestionView:
    """Return one golden question as it is shown."""
    return {
        "ask": item.ask, "lang": item.language, "passes": item.passes, "status": item.status, "read_as": _told(item.got, lexicon), "approved": _told(item.wanted, lexicon),
        "why": words(item.why) if item.why else None, "query": dict(golden.query),
    }  # fmt: skip


def tried(metric: Metric, asked: Sequence[Mapping[str, Any]], *, catalogue: Catalogue, lexicon: Lexicon, today: dt.date) -> list[GoldenQuestionView]:
    """Return how questions (`ask`, `query`, `lang`) of a metric would be read. One without a query gets that which its words are read as."""
    from nlq.verified_reading import query_of, read_golden

    view, found = lexicon.everything, list[GoldenQuestionView]()
    for given in asked:
        query, proposed = given.get("query"), None
        if query is None:
            proposed = query_of(given["ask"], view=view, today=today)
            query = query_to_json(proposed) if proposed else {}
        golden = GoldenQuestion(ask=given["ask"], query=query, lang=given.get("lang"))
        read = read_golden(golden, metric.id, metrics=catalogue.metrics, lexicon=lexicon, view=view, today=today, approved_on=metric.approved_on)
        told = question(read, golden, lexicon)
        if given.get("query") is None and proposed is None:
            told |= {"why": words(UNREAD), "approved": None, "passes": False}
        found.append(told)
    return found


def lacking_languages(questions: Sequence[GoldenQuestionView]) -> list[Words]:
    """Return the languages in which no question is read as its query."""
    return [words(called) for language, called in LANGUAGES.items() if not any(item["status"] == "read" and item["lang"] == language for item in questions)]


def _told(query: MetricQuery | None, lexicon: Lexicon) -> Words | None:
    """Tell a query wholly in a few words: what it shows, of what, which rows, in which order."""
    if query is None:
        return None
    from nlq.options import describe

    said = describe(query, lexicon)
    zh, en = [said.zh], [said.en]
    for item in query.having:
        label = _column(item.metric, lexicon)
        zh.append(f"{label.zh} {item.op} {item.value:g}")
        en.append(f"{label.en} {item.op} {item.value:g}")
    if query.limit is None:
        for order in query.order:
            label = _column(order.by, lexicon)
            zh.append(f"按{label.zh}{'从高到低' if order.direction == 'desc' else '从低到高'}")
            en.append(f"by {label.en}, {'highest' if order.direction == 'desc' else 'lowest'} first")
    return {"zh": " · ".join(zh), "en": " · ".join(en)}


def _column(name: str, lexicon: Lexicon) -> Text:
    metric, _, added = name.partition("__")
    info = lexicon.metrics.get(metric) or lexicon.dimensions.get(metric)
    label = info.label if info else Text(zh=metric, en=metric)
    return Text(zh=f"{label.zh}（{added}）", en=f"{label.en} ({added})") if added else label
