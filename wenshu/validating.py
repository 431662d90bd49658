"""Checking a bundle: by itself, and against a live warehouse."""

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
from wenshu.commands.common import Context
from wenshu.settings import now


def validate_alone(folder: Path) -> list[Problem]:
    """Return every problem of the bundle in `folder` that can be found without data: schema, names, joins, rules, the red line, words."""
    return list(look_over(folder, today=now().date()).problems)


def look_over(folder: Path, *, today: dt.date) -> Findings:
    """Return the problems of `validate_alone` and what is only doubtful. `today` says which rules have ended."""
    from nlq.conflicts import check_words, ownerless, unguarded
    from nlq.lexicon import Lexicon
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


def validate_bundle(context: Context, folder: Path, *, warehouse: str | None) -> Findings:
    """Return what is found alone and, where that is no problem, the problems against the warehouse: columns, keys, every metric runs."""
    from governance.metrics.live import check_live
    from governance.warehouse.engine import Warehouse

    found = look_over(folder, today=context.environment.pinned_today or now().date())
    if found.problems:
        return found
    home = context.home
    if warehouse is None:
        home.require()
    bundle = load_bundle(folder)
    opened = Warehouse.open(warehouse or f"duckdb:///{home.warehouse}")
    try:
        live = check_live(catalogue_of(bundle), opened, ledger=home.ledger_file if home.exists() else None, today=context.environment.today(bundle.settings.timezone))
        return Findings(problems=tuple(live), warnings=found.warnings)
    finally:
        opened.close()
