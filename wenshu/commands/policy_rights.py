"""`policy request|requests|grant|decline|revoke`: temporary rights of single persons (docs/reference/policy.md)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from governance.terms import Text
from wenshu.commands.common import DONE, Context, emit, json_option, pass_context, print_table
from wenshu.commands.policy_common import exits, looker, member, room_of

if TYPE_CHECKING:
    from governance.terms import Actor
    from wenshu.granting_room import Grants, RequestView

asker = click.option("--as", "user", metavar="USER", required=True, help="Who asks.")


def plain(value: Any) -> Any:
    """Return a view as plain JSON data, texts in both languages."""
    if isinstance(value, Text):
        return {"zh": value.zh, "en": value.en}
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, (list, tuple)) else value


def _line(view: RequestView) -> str:
    state = f"granted until {view['until']}" if view["state"] == "granted" else view["state"]
    return f"request {view['id']} of {view['user']}: {state}; approvals: {', '.join(view['approved_by']) or 'none'} of {view['needed']} needed"


def add(group: click.Group) -> None:
    """Add the commands to `policy`."""
    for command in (request, requests, *STEPS):
        group.add_command(command)


@click.command()
@asker
@click.option("--metric", "metrics", multiple=True, required=True, metavar="ID")
@click.option("--dimension", "dimensions", multiple=True, metavar="ID")
@click.option("--purpose", metavar="ID", help="By default the role's first.")
@click.option("--days", type=int, default=14, show_default=True, help="How long it should hold, from the second approval.")
@click.option("--reason", required=True, help="What it is needed for; the members read it.")
@json_option
@pass_context
@exits
def request(context: Context, *, user: str, metrics: tuple[str, ...], dimensions: tuple[str, ...], purpose: str | None, days: int, reason: str, as_json: bool) -> int:
    """Ask for a temporary right that the role does not have."""
    with room_of(context, user) as (service, actor):
        view = service.grants.request(actor, metrics, dimensions, purpose=purpose, days=days, reason=reason)
    emit(plain(view)) if as_json else click.echo(_line(view))
    return DONE


@click.command()
@click.option("--mine", metavar="USER", help="This person's own requests only.")
@looker
@json_option
@pass_context
@exits
def requests(context: Context, *, mine: str | None, user: str | None, as_json: bool) -> int:
    """List the requests for temporary rights, those that wait first."""
    with room_of(context, mine or user) as (service, actor):
        views = service.grants.mine(actor) if mine else service.grants.all(actor)
    if as_json:
        emit({"requests": plain(views)})
        return DONE
    rows = [[str(view["id"]), view["user"], ", ".join(view["offer"]["metrics"]), ", ".join(view["offer"]["dimensions"]), view["state"], view["until"] or f"{view['days']} days", view["reason"]] for view in views]
    print_table(["request", "user", "metrics", "by", "state", "until", "reason"], rows)
    return DONE


def _step(name: str, act: Callable[[Grants, Actor, int], object], doc: str) -> click.Command:
    """Return the command by which a member does something with a request."""

    @click.command(name, help=doc)
    @click.argument("number", type=int, metavar="REQUEST")
    @member
    @json_option
    @pass_context
    @exits
    def command(context: Context, *, number: int, user: str, as_json: bool) -> int:
        with room_of(context, user) as (service, actor):
            act(service.grants, actor, number)
            view = service.grants.one(actor, number)
        emit(plain(view)) if as_json else click.echo(_line(view))
        return DONE

    return command


STEPS = (
    _step("grant", lambda grants, actor, number: grants.approve(actor, number, signs=grants.one(actor, number)["signs"]), "Approve a request; the second member's yes opens it."),
    _step("decline", lambda grants, actor, number: grants.decline(actor, number), "Refuse a request that waits."),
    _step("revoke", lambda grants, actor, number: grants.end(actor, number), "End a temporary right before its day."),
)
