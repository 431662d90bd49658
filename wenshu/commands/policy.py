"""`policy`: the life of a policy bundle, from validation to activation (contracts.md section 1; docs/reference/policy.md)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from wenshu.commands.common import (
    DONE,
    FAILED,
    REFUSED,
    Context,
    Progress,
    emit,
    json_option,
    pass_context,
    print_table,
    tell,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from governance.terms import Actor
    from wenshu.service import Service

F = TypeVar("F", bound=Callable[..., Any])
SHORT = 12

member = click.option("--as", "user", metavar="USER", required=True, help="A member of the data governance committee.")


@click.group()
def policy() -> None:
    """The policy bundle and its life: draft, test, impact, submit, approve, activate, roll back."""


def _exits(command: F) -> F:
    """Map what stands in the way to exit statuses: a closed gate is a failed check, four eyes are a refusal."""

    @wraps(command)
    def run(*arguments: Any, **options: Any) -> Any:
        from wenshu.committee.errors import ChangeRefused, GateClosed

        try:
            return command(*arguments, **options)
        except (GateClosed, ChangeRefused) as error:
            status, code = (FAILED, "gate_closed") if isinstance(error, GateClosed) else (REFUSED, "not_permitted")
            if options.get("as_json"):
                emit({"ok": False, "error": {"code": code, "message": {"zh": error.text.zh, "en": error.text.en}}})
            tell(f"wenshu: {error.text.en}")
            return status

    return run  # type: ignore[return-value] # wraps keeps the signature that click reads


@contextmanager
def _room(context: Context, user: str) -> Iterator[tuple[Service, Actor]]:
    with context.service() as service:
        yield service, service.local_actor(user)


# ------------------------------------------------------------------ by itself, without a home


@policy.command()
@click.option("--out", type=click.Path(path_type=Path), help="Write one schema file a document kind into this folder.")
def schema(out: Path | None) -> int:
    """Print the JSON Schema of the bundle's documents."""
    import json

    from governance.bundle.loading import json_schemas

    schemas = json_schemas()
    if out is None:
        emit(schemas)
        return DONE
    out.mkdir(parents=True, exist_ok=True)
    for name, document in schemas.items():
        (out / f"{name}.schema.json").write_text(json.dumps(document, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return DONE


@policy.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@json_option
@pass_context
def validate(context: Context, *, folder: Path, as_json: bool) -> int:
    """Check a bundle by itself: schema, names, rules, the red line, the firewall. The warehouse is not asked (see `metrics validate`)."""
    from wenshu.settings import now
    from wenshu.validating import look_over

    found = look_over(folder, today=context.environment.pinned_today or now().date())
    if as_json:
        emit(
            {
                "ok": not found.problems,
                "problems": [{"where": item.where, "message": item.message} for item in found.problems],
                "warnings": [{"where": item.where, "message": item.message} for item in found.warnings],
            }
        )
    else:
        for item in found.problems:
            click.echo(str(item))
        for item in found.warnings:
            click.echo(f"{item} (warning)")
        click.echo("The bundle is valid." if not found.problems else f"{len(found.problems)} problems.")
    return FAILED if found.problems else DONE


@policy.command("test")
@click.argument("folder", metavar="[DIR]", required=False, type=click.Path(path_type=Path))
@json_option
@pass_context
def test_policy(context: Context, *, folder: Path | None, as_json: bool) -> int:
    """Run the policy cases of a bundle (default: the one in force), and break every rule in turn: some case must notice."""
    from governance.bundle.trees import read_tree
    from wenshu.committee.candidates import candidate_in
    from wenshu.committee.cases import run_cases

    place = folder if folder is not None else context.home.require().bundle
    candidate = candidate_in(place, read_tree(place))
    verdict = run_cases(candidate, today=context.environment.today(candidate.bundle.settings.timezone))
    if as_json:
        emit(verdict)
    else:
        _print_cases(verdict)
    return DONE if verdict["ok"] else FAILED


def _print_cases(verdict: Mapping[str, Any]) -> None:
    for failure in verdict["failures"]:
        click.echo(f"{failure['where']}: {failure['id']}: {'; '.join(text['en'] for text in failure['why'])}")
    for mutant in verdict["unnoticed"]:
        click.echo(f"{mutant['where']}: no case notices: {mutant['text']['en']}")
    noticed = verdict["mutants"] - len(verdict["unnoticed"])
    click.echo(f"{verdict['passed']} of {verdict['cases']} cases pass; {noticed} of {verdict['mutants']} ways to break a rule are noticed.")
    if verdict["untested"]:
        click.echo(f"Untested rules: {', '.join(verdict['untested'])}")


# ------------------------------------------------------------------ drafting


@policy.command()
@click.option("--from", "source", default="active", show_default=True, metavar="active|DIR|HASH", help="What the draft begins from.")
@click.option("--title", default="", help="What the change is about.")
@click.option("--replace", "number", metavar="DRAFT", help="Replace this draft's content instead of beginning a new one.")
@click.option("--set", "values", multiple=True, metavar="FILE:PATH=VALUE", help="Change one value, as in access/roles.yaml:roles.marketing.minimum_group.k=20.")
@click.option("--accept-cases", is_flag=True, help="Write the draft's minimum groups into the cases that differ in nothing else.")
@member
@json_option
@pass_context
@_exits
def draft(
    context: Context, *, source: str, title: str, number: str | None, values: tuple[str, ...], accept_cases: bool, user: str, as_json: bool
) -> int:
    """Begin a draft, or change one."""
    given = click.get_current_context().get_parameter_source("source") is not click.core.ParameterSource.DEFAULT
    place: str | Path = Path(source) if source != "active" and Path(source).is_dir() else source
    with _room(context, user) as (service, actor):
        room = service.committee
        if number is None:
            line = room.begin(actor, title=title or f"draft of {user}", source=place)
        elif isinstance(place, Path):
            line = room.replace(actor, number, place, title=title or None)
        elif given:
            raise click.UsageError("--replace takes its content from a folder: --from DIR")
        else:
            line = room.draft(actor, number)
        for value in values:
            path, at, new = _setting(value)
            line = room.set_value(actor, line["id"], path, at, new, expected=line["version"])
        if accept_cases:
            line = room.accept_cases(actor, line["id"], expected=line["version"])
        view = room.draft(actor, line["id"])
    if as_json:
        emit(view)
    else:
        click.echo(f"draft {view['id']}  {view['title']}  {view['version'][:SHORT]}")
        for problem in view["validation"]["problems"]:
            click.echo(f"{problem['where']}: {problem['message']}")
    return DONE


def _setting(text: str) -> tuple[str, list[str | int], str | int | bool]:
    place, separator, value = text.partition("=")
    path, colon, at = place.partition(":")
    if not separator or not colon or not at:
        raise click.UsageError("--set takes FILE:PATH=VALUE, as in access/roles.yaml:roles.marketing.minimum_group.k=20")
    steps: list[str | int] = [int(step) if step.isdigit() else step for step in at.split(".")]
    words: dict[str, bool] = {"true": True, "false": False}
    return path, steps, words[value] if value in words else int(value) if value.lstrip("-").isdigit() else value


@policy.command()
@click.argument("before", required=False)
@click.argument("after", required=False)
@member
@json_option
@pass_context
@_exits
def diff(context: Context, *, before: str | None, after: str | None, user: str, as_json: bool) -> int:
    """Tell the differences between two bundles: `active`, a draft's number, or a content hash. One name is compared with what is in force."""
    if before is None:
        raise click.UsageError("name a draft, as in: wenshu policy diff 3 --as committee_a")
    pair = ("active", before) if after is None else (before, after)
    with _room(context, user) as (service, actor):
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


@policy.command()
@click.argument("number", metavar="DRAFT")
@click.option("--days", type=click.IntRange(1, 3660), default=30, show_default=True, help="How many days of requests are replayed.")
@member
@json_option
@pass_context
@_exits
def impact(context: Context, *, number: str, days: int, user: str, as_json: bool) -> int:
    """Make a draft's impact report: replay of the ledger's requests, the exhaustive comparison, and privacy."""
    progress = Progress()
    with _room(context, user) as (service, actor):
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


# ------------------------------------------------------------------ the life


def _step(name: str, act: Callable[[Any, Actor, str], Any], doc: str) -> None:
    @policy.command(name, help=doc)
    @click.argument("number", metavar="DRAFT")
    @member
    @json_option
    @pass_context
    @_exits
    def command(context: Context, *, number: str, user: str, as_json: bool) -> int:
        with _room(context, user) as (service, actor):
            view = act(service.committee, actor, number)
        if as_json:
            emit(view)
        elif "activations" in view:
            click.echo(f"in force: {view['in_force'][:SHORT]} (activation {view['seq']})")
        else:
            given = [item["by"] for item in view["approvals"] if item["holds"]]
            click.echo(f"draft {view['id']} is {view['state']}; approvals: {', '.join(given) or 'none'} of {view['approvals_needed']} needed")
        return DONE


def _submitted(room: Any, actor: Actor, number: str) -> Any:
    progress = Progress()
    try:
        return room.submit(actor, number, progress=progress)
    finally:
        progress.end()


_step("submit", _submitted, "Put a draft before the other members; it must be valid and its cases complete. Makes the impact report if there is none.")
_step("approve", lambda room, actor, number: room.approve(actor, number), "Approve exactly what the draft is now. Nobody approves what they wrote.")
_step("activate", lambda room, actor, number: room.activate(actor, number), "Put an approved draft in force, from the next request of every process.")
_step("withdraw", lambda room, actor, number: room.withdraw(actor, number), "Close a draft without putting it in force.")


@policy.command()
@member
@json_option
@pass_context
@_exits
def rollback(context: Context, *, user: str, as_json: bool) -> int:
    """Put the previously active bundle back in force, within seven days of its replacement."""
    with _room(context, user) as (service, actor):
        view = service.committee.rollback(actor)
    if as_json:
        emit(view)
    else:
        click.echo(f"in force: {view['in_force'][:SHORT]} (activation {view['seq']})")
    return DONE


@policy.command()
@click.option("--as", "user", metavar="USER", help="A member of the committee; without it the machine's owner looks.")
@json_option
@pass_context
@_exits
def history(context: Context, *, user: str | None, as_json: bool) -> int:
    """List what was put in force when, by whom, and all drafts."""
    with context.service() as service:
        if user is None:
            service.record_administration("policy.read", {"what": "history"})
            view = service.committee.told_history()
        else:
            view = service.committee.history(service.local_actor(user))
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


@policy.command()
@click.argument("which", default="active", metavar="[active|DRAFT|HASH]")
@click.option("--out", required=True, metavar="DIR", type=click.Path(path_type=Path), help="The folder to write; it must not exist.")
@member
@json_option
@pass_context
@_exits
def export(context: Context, *, which: str, out: Path, user: str, as_json: bool) -> int:
    """Write a bundle into a folder, byte for byte as it was drafted."""
    with _room(context, user) as (service, actor):
        version = service.committee.export(actor, which, out)
    if as_json:
        emit({"version": version, "out": out.name})
    else:
        click.echo(f"{version[:SHORT]} written to {out.name}")
    return DONE


@policy.command()
@click.option("--as", "user", metavar="USER", required=True, help="Whose rights are explained.")
@click.option("--metric", required=True, metavar="ID", help="The metric.")
@click.option("--dimension", "dimensions", multiple=True, metavar="ID", help="By which dimension; may be given several times.")
@click.option("--purpose", metavar="ID", help="For which purpose (default: the role's).")
@json_option
@pass_context
def explain(context: Context, *, user: str, metric: str, dimensions: tuple[str, ...], purpose: str | None, as_json: bool) -> int:
    """Explain what a user may see of a metric and why; for a refusal the nearest rule, and whom to ask."""
    with _room(context, user) as (service, actor):
        found = service.committee.explain(actor, metric, dimensions, purpose)
    if as_json:
        emit(found)
    elif found["allowed"]:
        grant = found["grant"]
        for rule in grant["rules"]:
            click.echo(f"{rule['where']}: {rule['id']}: {rule['reason']['zh']} · {rule['reason']['en']}")
        click.echo(f"groups of at least {grant['minimum_group']['k']} {grant['minimum_group']['entity']}; rows: {', '.join(grant['scope']) or 'all'}")
    else:
        click.echo(f"{found['refusal']['code']}: {found['refusal']['message']['zh']} · {found['refusal']['message']['en']}")
        click.echo(found["nearest"]["told"]["zh"])
        click.echo(found["nearest"]["told"]["en"])
    return DONE


@policy.command("silent")
@click.option("--days", type=click.IntRange(1, 3660), default=90, show_default=True, help="How far the ledger is looked at.")
@member
@json_option
@pass_context
@_exits
def silent_rules(context: Context, *, days: int, user: str, as_json: bool) -> int:
    """List the rules that no request rested on for a while; exit 1 when there are any."""
    with _room(context, user) as (service, actor):
        found = service.committee.silent(actor, days=days)
    if as_json:
        emit(found)
    else:
        print_table(
            ["rule", "effect", "used", "where"],
            [[line["rule"], line["effect"], str(line["used"]), line["where"]] for line in found["rules"]],
            right=[False, False, True],
        )
        click.echo(f"{len(found['silent'])} rules matched nothing in {days} days.")
    return FAILED if found["silent"] else DONE
