"""Running a bundle's policy cases: words are read with the bundle's own lexicon, queries strictly; then cases and mutants are judged."""

from __future__ import annotations

import datetime as dt
from typing import Any

from governance.access.authorize import allowed_dimensions, allowed_metrics, default_purpose
from governance.access.cases import Outcome, Prepared, caller, run
from governance.access.mutants import OF_BUNDLE, Mutant, unnoticed
from governance.access.validating import Places
from governance.documents.access import AccessDocument
from governance.documents.cases import CasesDocument, PolicyCase
from governance.documents.lexicon import LexiconDocument
from governance.errors import InvalidQuery
from governance.metrics.parsing import query_from_json
from governance.terms import Actor, Text
from wenshu.committee.candidates import Candidate
from wenshu.committee.shapes import CasesView


def words(text: Text) -> dict[str, str]:
    """Return a text as plain data."""
    return {"zh": text.zh, "en": text.en}


def run_cases(candidate: Candidate, *, today: dt.date) -> CasesView:
    """Run all cases of the candidate and, where they pass, every mutant of its rules. No case at all leaves every rule untested."""
    reads = candidate.bundle.of("cases", CasesDocument)
    people = {name: person for read in reads for name, person in read.document.people.items()}
    reader = _Reader(candidate, today)
    prepared = [
        _prepared(case, caller(case, people, candidate.policy), read.where("cases", index), reader)
        for read in reads
        for index, case in enumerate(read.document.cases)
    ]
    outcomes = [(item, run(item, candidate.policy, today=today)) for item in prepared]
    good = [item for item, outcome in outcomes if not outcome.why]
    count, left = unnoticed(good, candidate.policy, today=today)
    places = Places(candidate.bundle.of("access", AccessDocument))
    failures: list[Outcome] = [outcome for _, outcome in outcomes if outcome.why]
    return {
        "ok": not failures and not left,
        "cases": len(outcomes),
        "passed": len(good),
        "failures": [
            {"id": item.case.id, "ok": False, "why": [words(text) for text in item.why], "where": item.where, "accept_k": item.k}
            for item in failures
        ],
        "mutants": count,
        "unnoticed": [
            {
                "rule": mutant.rule,
                "change": mutant.change,
                "text": words(mutant.text),
                "where": _where(mutant, places),
            }
            for mutant in left
        ],
        "untested": list(dict.fromkeys(mutant.rule for mutant in left)),
    }


def _where(mutant: Mutant, places: Places) -> str:
    if mutant.change == OF_BUNDLE:
        return "cases"
    return places.role(mutant.rule) if mutant.change.startswith("role_") else places.rule(mutant.rule)


def _prepared(case: PolicyCase, actor: Actor, where: str, reader: _Reader) -> Prepared:
    if not isinstance(case.asks, str):
        try:
            return Prepared(case=case, where=where, actor=actor, query=query_from_json(case.asks))
        except InvalidQuery as error:
            return Prepared(case=case, where=where, actor=actor, query=None, unread=Text(zh=f"查询无效：{error}", en=f"the query is not valid: {error}"))
    return reader.read(case, case.asks, actor, where)


class _Reader:
    """Reads questions in words as a caller of the candidate would be read; the lexicon is compiled when the first one comes."""

    def __init__(self, candidate: Candidate, today: dt.date) -> None:
        self._candidate, self._today = candidate, today
        self._lexicon: Any = None

    def read(self, case: PolicyCase, asks: str, actor: Actor, where: str) -> Prepared:
        from nlq.lexicon.lexicon import Lexicon
        from nlq.understand import understand

        candidate = self._candidate
        if self._lexicon is None:
            documents = [read.document for read in candidate.bundle.of("lexicon", LexiconDocument)]
            self._lexicon = Lexicon.compile(candidate.catalogue, documents, candidate.bundle.settings)
        purpose = case.purpose or default_purpose(actor, candidate.policy)
        policy = candidate.policy.on(case.day or self._today)
        metrics = allowed_metrics(actor, purpose, policy) if purpose else frozenset()
        dimensions = frozenset(name for metric in metrics for name in allowed_dimensions(actor, purpose or "", metric, policy))
        view = self._lexicon.visible(metrics, dimensions, lambda _d, _v: True, role=actor.role)
        found = understand(asks, lexicon=view, today=case.day or self._today)
        if found.status == "read":
            return Prepared(case=case, where=where, actor=actor, query=found.readings[0].query)
        if found.status == "refused" and found.refusal is not None:
            return Prepared(case=case, where=where, actor=actor, query=None, refused=found.refusal.code)
        told = Text(zh=f"问题没有唯一的理解（{found.status}）；可写成 MetricQuery", en=f"the question has no single reading ({found.status}); write it as a MetricQuery")
        return Prepared(case=case, where=where, actor=actor, query=None, unread=told)
