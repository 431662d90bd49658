"""Checking a bundle by itself, without data."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from governance.access.cases import check_cases
from governance.access.validating import Findings, check_rules
from governance.bundle.loading import load_bundle
from governance.documents.access import AccessDocument
from governance.documents.cases import CasesDocument
from governance.documents.lexicon import LexiconDocument
from governance.documents.metrics import MetricsDocument
from governance.errors import BundleError, Problem
from governance.inforce import catalogue_of, policy_of
from wenshu.settings import now


def validate_alone(folder: Path) -> list[Problem]:
    """Return every problem of the bundle in `folder` that can be found without data: schema, names, joins, rules, the red line, words."""
    return list(look_over(folder, today=now().date()).problems)


def look_over(folder: Path, *, today: dt.date) -> Findings:
    """Return the problems of `validate_alone` and what is only doubtful. `today` says which rules have ended."""
    from nlq.lexicon.conflicts import check_words, ownerless, unguarded
    from nlq.lexicon.lexicon import Lexicon
    from nlq.verified_reading import goldenless

    try:
        bundle = load_bundle(folder)
        catalogue = catalogue_of(bundle)
        policy, words = policy_of(bundle, catalogue), bundle.of("lexicon", LexiconDocument)
        found = check_rules(policy, bundle.of("access", AccessDocument), today=today)
        doubtful = (*ownerless(words), *unguarded(words), *goldenless(bundle.of("metrics", MetricsDocument), today=today))
        found = Findings(problems=found.problems, warnings=(*found.warnings, *doubtful))
        doubts = check_words(words, catalogue, bundle.settings, roles=frozenset(policy.roles))
        cases = check_cases(bundle.of("cases", CasesDocument), policy)
        if doubts or cases:
            return Findings(problems=(*found.problems, *doubts, *cases), warnings=found.warnings)
        Lexicon.compile(catalogue, [read.document for read in words], bundle.settings)
    except BundleError as error:
        return Findings(problems=error.problems, warnings=())
    return found
