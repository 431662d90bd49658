"""`metrics`: what is approved."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from wenshu.commands.common import DONE, FAILED, Context, emit, json_option, pass_context, print_table
from wenshu.settings import now

if TYPE_CHECKING:
    from governance.access.validating import Findings


@click.group()
def metrics() -> None:
    """Show the approved metrics; check a bundle's definitions against the live warehouse."""


@metrics.command("list")
@click.option("--as", "user", metavar="USER", help="Only what this user may ask.")
@json_option
@pass_context
def list_metrics(context: Context, *, user: str | None, as_json: bool) -> int:
    """List the metrics, a line each."""
    with context.service() as service:
        cards = service.metric_cards(service.local_actor(user)) if user else service.all_metric_cards()
    if as_json:
        emit(cards)
    else:
        print_table(
            ["id", "中文", "English", "stage", "version"],
            [[card["id"], card["label"]["zh"], card["label"]["en"], card["stage"], card["version"]] for card in cards],
        )
        click.echo(f"{len(cards)} metrics")
    return DONE


@metrics.command()
@click.argument("metric", metavar="ID")
@json_option
@pass_context
def show(context: Context, *, metric: str, as_json: bool) -> int:
    """Show one metric: definition, owner, approval, dimensions, synonyms."""
    from governance.errors import InvalidQuery, nearest

    with context.service() as service:
        cards = {card["id"]: card for card in service.all_metric_cards()}
    if metric not in cards:
        raise InvalidQuery(f"unknown metric {metric!r}.{nearest(metric, cards)}")
    card = cards[metric]
    if as_json:
        emit(card)
        return DONE
    for key, value in card.items():
        if isinstance(value, dict):
            click.echo(f"{key}: {value.get('zh')} · {value.get('en')}")
        elif isinstance(value, (list, tuple)):
            click.echo(f"{key}: {', '.join(item['id'] if isinstance(item, dict) else str(item) for item in value)}")
        else:
            click.echo(f"{key}: {value}")
    return DONE


@metrics.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--warehouse", metavar="URL", help="Another warehouse than the home's.")
@json_option
@pass_context
def validate(context: Context, *, folder: Path, warehouse: str | None, as_json: bool) -> int:
    """Check a bundle's definitions against the live warehouse."""
    found = _against_warehouse(context, folder, warehouse)
    problems = found.problems
    if as_json:
        told = {name: [{"where": item.where, "message": item.message} for item in items] for name, items in (("problems", problems), ("warnings", found.warnings))}
        emit({"ok": not problems, **told})
    else:
        for item in problems:
            click.echo(str(item))
        for item in found.warnings:
            click.echo(f"{item} (warning)")
        click.echo("The bundle is valid." if not problems else f"{len(problems)} problems; nothing was changed.")
    return FAILED if problems else DONE


@metrics.command("import")
@click.argument("path", metavar="PATH", type=click.Path(path_type=Path))
@click.option("--out", required=True, metavar="DIR", type=click.Path(path_type=Path), help="The new bundle folder; it must not exist or be empty.")
@click.option("--warehouse", metavar="URL", help="Read the types of columns there.")
@json_option
@pass_context
def import_metrics(context: Context, *, path: Path, out: Path, warehouse: str | None, as_json: bool) -> int:
    """Import a MetricFlow project (YAML, or semantic_manifest.json) as an unapproved draft bundle; print what it could not carry."""
    from wenshu.interchanging import import_definitions

    found = import_definitions(context, path, out, warehouse=warehouse)
    if as_json:
        emit({"origin": found.origin, "out": out.name, **found.report.to_json()})
    else:
        for line in found.report.lines():
            click.echo(line)
    return DONE


@metrics.command()
@click.option("--format", "form", required=True, type=click.Choice(["ossie"]), help="The format to write.")
@click.option("--out", required=True, metavar="FILE", type=click.Path(path_type=Path), help="The file to write; it must not exist.")
@json_option
@pass_context
def export(context: Context, *, form: str, out: Path, as_json: bool) -> int:
    """Export the metrics in force; print what the format could not hold."""
    from wenshu.interchanging import export_definitions

    report = export_definitions(context, out)
    if as_json:
        emit({"format": form, "out": out.name, **report.to_json()})
    else:
        for line in report.lines():
            click.echo(line)
    return DONE


def _against_warehouse(context: Context, folder: Path, warehouse: str | None) -> Findings:
    """Return what is found alone and, where that is no problem, the problems against the warehouse: columns, keys, every metric runs."""
    from governance.access.validating import Findings
    from governance.bundle.loading import load_bundle
    from governance.inforce import catalogue_of
    from governance.metrics.live import check_live
    from governance.warehouse.engine import Warehouse
    from wenshu.validating import look_over

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
