"""Checking a bundle: by itself, and against a live warehouse."""

from __future__ import annotations

from pathlib import Path

from governance.bundle.loading import load_bundle
from governance.documents.lexicon import LexiconDocument
from governance.errors import BundleError, Problem
from governance.inforce import catalogue_of, policy_of
from wenshu.commands.common import Context


def validate_alone(folder: Path) -> list[Problem]:
    """Return every problem of the bundle in `folder` that can be found without data: schema, names, joins, rules, the red line, words."""
    from nlq.conflicts import check_words
    from nlq.lexicon import Lexicon

    try:
        bundle = load_bundle(folder)
        catalogue = catalogue_of(bundle)
        policy_of(bundle, catalogue)
        doubts = check_words(bundle.of("lexicon", LexiconDocument), catalogue, bundle.settings)
        if doubts:
            return list(doubts)
        Lexicon.compile(catalogue, [read.document for read in bundle.of("lexicon", LexiconDocument)], bundle.settings)
    except BundleError as error:
        return list(error.problems)
    return []


def validate_bundle(context: Context, folder: Path, *, warehouse: str | None) -> list[Problem]:
    """Return the problems found alone and, where there are none, those against the warehouse: columns, keys, every metric runs."""
    from governance.metrics.live import check_live
    from governance.warehouse.engine import Warehouse

    problems = validate_alone(folder)
    if problems:
        return problems
    home = context.home
    if warehouse is None:
        home.require()
    bundle = load_bundle(folder)
    opened = Warehouse.open(warehouse or f"duckdb:///{home.warehouse}")
    try:
        return check_live(catalogue_of(bundle), opened, ledger=home.ledger if home.exists() else None, today=context.environment.today(bundle.settings.timezone))
    finally:
        opened.close()
