"""`policy diff|impact|history|explain|silent`: what there is to know before and after a change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click

from wenshu.commands.common import DONE, FAILED, Context, Progress, emit, json_option, pass_context, print_table
from wenshu.commands.policy_common import SHORT, exits, looker, room_of


@click.command()
@click.argument("before", required=False)
@click.argument("after", required=False)
@looker
@json_option
@pass_context
@exits
def diff(context: Context, *, before: str | None, after: str | None, user: str | None, as_json: bool) -> int:
    """Tell the differences between two bundles: `active`, a draft's number, or a content hash. One name is compared with what is in force."""
    if before is None:
        raise click.UsageError("name a draft, as in: wenshu policy diff 3 --as committee_a")
    pair = ("active", before) if after is None else (before, after)
    with room_of(context, user) as (service, actor):
        found = service.committee.diff(actor, *pair)
    if as_json:
        emit(found)
        return DONE
    for change in found["changes"]:
        click.echo(f"{change['text']['zh']} · {change['text']['en']}")
        for detail in change["details"]:
            click.echo(f"    {detail['zh']} · {detail['en']}" if detail["zh"] != detail["en"] else f"    {detail['en']}")
    for because in found["because"]:
        click.echo(f"→ {because['zh']} · {because['en']}")
    click.echo(f"{len(found['changes'])} changes, {found['direction']}; approvals needed: {found['approvals_needed']}")
    return DONE


@click.command()
@click.argument("number", metavar="DRAFT")
@click.option("--days", type=click.IntRange(1, 3660), default=30, show_default=True, help="How many days of requests are replayed.")
@looker
@json_option
@pass_context
@exits
def impact(context: Context, *, number: str, days: int, user: str | None, as_json: bool) -> int:
    """Make a draft's impact report: replay of the ledger's requests, the exhaustive comparison, and privacy."""
    progress = Progress()
    with room_of(context, user) as (service, actor):
        report = service.committee.impact(actor, number, days=days, progress=progress)
    progress.end()
    if as_json:
        emit(report)
        return DONE
    summary, replay, exhaustive = report["summary"], report["replay"], report["exhaustive"]
    click.echo(summary["text"]["zh"])
    click.echo(summary["text"]["en"])
    if not replay["data"]:
        click.echo("No data is loaded: decisions were compared, nothing was measured.")
    click.echo(f"{replay['requests']} requests of {report['days']} days, {replay['not_readable']} could not be read, {replay['decided_only']} decided only.")
    print_table(
        ["who", "department", "requests", "allowed", "rows", "cells", "hidden", "lost", "gained"],
        [_person(line) for line in replay["by_person"]],
        right=[False, False, *[True] * 7],
    )
    click.echo(f"{exhaustive['combinations']} combinations compared, {exhaustive['changed']} changed, {exhaustive['gains']} opened.")
    for line in exhaustive["lines"]:
        click.echo(f"  {line['role']}: {line['text']['zh']} · {line['text']['en']}: {line['combinations']} ({line['never_asked']} never asked)")
    return DONE


def _person(line: Mapping[str, Any]) -> list[str]:
    pairs = [f"{line[f'{what}_before']} → {line[f'{what}_after']}" for what in ("allowed", "rows", "cells", "suppressed")]
    return [line["name"], line["department"], str(line["requests"]), *pairs, str(line["lost"]), str(line["gained"])]


@click.command()
@looker
@json_option
@pass_context
@exits
def history(context: Context, *, user: str | None, as_json: bool) -> int:
    """List what was put in force when, by whom, and all drafts."""
    with room_of(context, user) as (service, actor):
        view = service.committee.history(actor)
    if as_json:
        emit(view)
        return DONE
    click.echo(f"in force: {view['in_force'][:SHORT]}" + (f"  ALARM {view['alarm']}" if view["alarm"] else ""))
    rows: Sequence[Sequence[str]] = [
        [
            str(item["seq"]), item["at"][:19], item["kind"], item["version"][:SHORT], item["draft"] or "", item["by"], ", ".join(item["approved_by"]),
            "stands" if item["stands"] else "" if item["took_effect"] else "interrupted",
        ]
        for item in view["activations"]
    ]
    print_table(["#", "when (UTC)", "act", "bundle", "draft", "by", "approved by", ""], rows)
    print_table(
        ["draft", "state", "title", "author", "bundle"],
        [[item["id"], item["state"], item["title"], item["author"], item["version"][:SHORT]] for item in view["drafts"]],
    )
    return DONE


@click.command()
@click.option("--as", "user", metavar="USER", required=True, help="Whose rights are explained.")
@click.option("--metric", required=True, metavar="ID", help="The metric.")
@click.option("--dimension", "dimensions", multiple=True, metavar="ID", help="By which dimension; may be given several times.")
@click.option("--purpose", metavar="ID", help="For which purpose (default: the role's).")
@json_option
@pass_context
def explain(context: Context, *, user: str, metric: str, dimensions: tuple[str, ...], purpose: str | None, as_json: bool) -> int:
    """Explain what a user may see of a metric and why; for a refusal the nearest rule, and whom to ask."""
    with room_of(context, user) as (service, actor):
        found = service.committee.explain(actor, metric, dimensions, purpose)
        found["temporary"] = not found["allowed"] and service.grants.requestable(actor, [metric], dimensions, purpose)
    if as_json:
        emit(found)
    elif found["allowed"]:
        grant = found["grant"]
        for rule in grant["rules"]:
            click.echo(f"{rule['where'] or 'temporary'}: {rule['id']}: {rule['reason']['zh']} · {rule['reason']['en']}")
        click.echo(f"groups of at least {grant['minimum_group']['k']} {grant['minimum_group']['entity']}; rows: {', '.join(grant['scope']) or 'all'}")
    else:
        click.echo(f"{found['refusal']['code']}: {found['refusal']['message']['zh']} · {found['refusal']['message']['en']}")
        click.echo(found["nearest"]["told"]["zh"])
        click.echo(found["nearest"]["told"]["en"])
        if found["temporary"]:
            by = "".join(f" --dimension {name}" for name in dimensions)
            click.echo(f"For some days: wenshu policy request --as {user} --metric {metric}{by} --days 14 --reason WHY")
    return DONE


@click.command("silent")
@click.option("--days", type=click.IntRange(1, 3660), default=90, show_default=True, help="How far the ledger is looked at.")
@looker
@json_option
@pass_context
@exits
def silent_rules(context: Context, *, days: int, user: str | None, as_json: bool) -> int:
    """List the rules that no request rested on, the masks that none met and the tags that nothing carries; exit 1 when there are any."""
    with room_of(context, user) as (service, actor):
        found = service.committee.silent(actor, days=days)
    if as_json:
        emit(found)
    else:
        print_table(
            ["rule", "effect", "used", "last", "where"],
            [[line["rule"], line["effect"], str(line["used"]), line["last"] or "-", line["where"]] for line in found["rules"]],
            right=[False, False, True],
        )
        for kind, at in (("mask", "dimension"), ("tag", "tag")):
            for line in found[f"silent_{kind}s"]:
                click.echo(f"{kind} {line[at]} of {line['rule']}: matched nothing")
        click.echo(f"{len(found['silent'])} rules, {len(found['silent_masks'])} masks and {len(found['silent_tags'])} tags matched nothing in {days} days.")
    return FAILED if found["silent"] or found["silent_masks"] or found["silent_tags"] else DONE
