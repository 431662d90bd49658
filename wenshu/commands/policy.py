"""`policy`: the life of a policy bundle, from validation to activation (contracts.md section 1; docs/reference/policy.md)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from wenshu.commands import policy_alone, policy_reviews, policy_rights, policy_told
from wenshu.commands.common import DONE, Context, Progress, emit, json_option, pass_context
from wenshu.commands.policy_common import SHORT, exits, looker, member, room_of

if TYPE_CHECKING:
    from governance.terms import Actor


@click.group()
def policy() -> None:
    """The policy bundle and its life: draft, test, impact, submit, approve, activate, roll back."""


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
@exits
def draft(
    context: Context, *, source: str, title: str, number: str | None, values: tuple[str, ...], accept_cases: bool, user: str, as_json: bool
) -> int:
    """Begin a draft, or change one."""
    given = click.get_current_context().get_parameter_source("source") is not click.core.ParameterSource.DEFAULT
    place: str | Path = Path(source) if source != "active" and Path(source).is_dir() else source
    with room_of(context, user) as (service, actor):
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


# ------------------------------------------------------------------ the life


def _step(name: str, act: Callable[[Any, Actor, str], Any], doc: str) -> None:
    @policy.command(name, help=doc)
    @click.argument("number", metavar="DRAFT")
    @member
    @json_option
    @pass_context
    @exits
    def command(context: Context, *, number: str, user: str, as_json: bool) -> int:
        with room_of(context, user) as (service, actor):
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
@exits
def rollback(context: Context, *, user: str, as_json: bool) -> int:
    """Put the previously active bundle back in force, within seven days of its replacement."""
    with room_of(context, user) as (service, actor):
        view = service.committee.rollback(actor)
    if as_json:
        emit(view)
    else:
        click.echo(f"in force: {view['in_force'][:SHORT]} (activation {view['seq']})")
    return DONE


@policy.command()
@click.argument("which", default="active", metavar="[active|DRAFT|HASH]")
@click.option("--out", required=True, metavar="DIR", type=click.Path(path_type=Path), help="The folder to write; it must not exist.")
@looker
@json_option
@pass_context
@exits
def export(context: Context, *, which: str, out: Path, user: str | None, as_json: bool) -> int:
    """Write a bundle into a folder, byte for byte as it was drafted."""
    with room_of(context, user) as (service, actor):
        version = service.committee.export(actor, which, out)
    if as_json:
        emit({"version": version, "out": out.name})
    else:
        click.echo(f"{version[:SHORT]} written to {out.name}")
    return DONE


for told in (
    policy_alone.schema, policy_alone.validate, policy_alone.test_policy, policy_told.diff, policy_told.impact, policy_told.history, policy_told.explain, policy_told.silent_rules,
):
    policy.add_command(told)
policy_rights.add(policy)
policy_reviews.add(policy)
