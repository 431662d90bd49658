"""`policy break-glass` and `policy review`: emergency rights and what is said of them afterwards; access reviews (docs/reference/policy.md)."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from wenshu.commands.common import DONE, Context, emit, json_option, pass_context, print_table
from wenshu.commands.policy_common import exits, looker, member, room_of
from wenshu.commands.policy_rights import asker, plain

if TYPE_CHECKING:
    from governance.terms import Actor
    from wenshu.granting.campaigns import Campaign, Decision
    from wenshu.granting_room import RequestView


def add(group: click.Group) -> None:
    """Add the commands to `policy`."""
    group.add_command(break_glass)
    group.add_command(review)


# ------------------------------------------------------------------ emergencies


@click.group("break-glass")
def break_glass() -> None:
    """Emergency rights: opened at once for some hours, reviewed by a member afterwards."""


@break_glass.command("open")
@asker
@click.option("--metric", "metrics", multiple=True, required=True, metavar="ID")
@click.option("--dimension", "dimensions", multiple=True, metavar="ID")
@click.option("--purpose", metavar="ID", help="By default the role's first.")
@click.option("--reason", required=True, help="What the emergency is; the member who reviews it reads it.")
@json_option
@pass_context
@exits
def opened(context: Context, *, user: str, metrics: tuple[str, ...], dimensions: tuple[str, ...], purpose: str | None, reason: str, as_json: bool) -> int:
    """Open at once, for the hours that the bundle gives the role, what the committee could grant."""
    with room_of(context, user) as (service, actor):
        view = service.grants.break_glass(actor, metrics, dimensions, purpose=purpose, reason=reason)
    emit(plain(view)) if as_json else click.echo(_emergency(view))
    return DONE


@break_glass.command("review")
@click.argument("number", type=int, metavar="REQUEST")
@click.option("--justified/--unjustified", default=None, required=True, help="Whether the emergency was one.")
@member
@json_option
@pass_context
@exits
def judged(context: Context, *, number: int, justified: bool, user: str, as_json: bool) -> int:
    """Say of an emergency right that is over whether it was justified. Nobody reviews the own one."""
    with room_of(context, user) as (service, actor):
        view = service.grants.review(actor, number, justified=justified)
    emit(plain(view)) if as_json else click.echo(_emergency(view))
    return DONE


def _emergency(view: RequestView) -> str:
    said = "not reviewed yet" if view["reviewed_by"] is None else f"{'justified' if view['justified'] else 'not justified'}, says {view['reviewed_by']}"
    until = f" until {view['closes_at'][:16]} UTC" if view["state"] == "granted" and view["closes_at"] else ""
    return f"emergency right {view['id']} of {view['user']}: {'open' if view['state'] == 'granted' else view['state']}{until}; {said}"


# ------------------------------------------------------------------ access reviews


@click.group()
def review() -> None:
    """Access reviews: every account and rule beside its last use, kept or revoked."""


@review.command("begin")
@click.option("--days", type=click.IntRange(1, 3660), default=90, show_default=True, help="How far the ledger is looked at for uses.")
@member
@json_option
@pass_context
@exits
def begin(context: Context, *, days: int, user: str, as_json: bool) -> int:
    """Begin a review; one is open at a time."""
    with room_of(context, user) as (service, actor):
        _told(service.reviews.begin(actor, days=days), as_json=as_json)
    return DONE


@review.command("list")
@looker
@json_option
@pass_context
@exits
def listed(context: Context, *, user: str | None, as_json: bool) -> int:
    """List all reviews, newest first."""
    with room_of(context, user) as (service, actor):
        found = service.reviews.all(actor)
    if as_json:
        emit({"reviews": [_data(item) for item in found]})
        return DONE
    rows = [[str(item.id), item.opened_by, f"{item.opened_at:%Y-%m-%d}", f"{item.closed_at:%Y-%m-%d}" if item.closed_at else "open", _undecided(item), item.draft or ""] for item in found]
    print_table(["review", "by", "begun", "closed", "undecided", "draft"], rows)
    return DONE


@review.command("show")
@click.argument("number", type=int, metavar="REVIEW")
@looker
@json_option
@pass_context
@exits
def show(context: Context, *, number: int, user: str | None, as_json: bool) -> int:
    """Show one review, each line with its number, its uses and what was decided."""
    with room_of(context, user) as (service, actor):
        _told(service.reviews.one(actor, number), as_json=as_json)
    return DONE


@review.command("decide")
@click.argument("number", type=int, metavar="REVIEW")
@click.option("--keep", multiple=True, metavar="LINE", help="This line's number, or the name of its account or rule; may be given several times.")
@click.option("--revoke", multiple=True, metavar="LINE", help="The same.")
@click.option("--keep-rest", is_flag=True, help="Keep every line that is not decided yet, but for the own account.")
@member
@json_option
@pass_context
@exits
def decide(context: Context, *, number: int, keep: tuple[str, ...], revoke: tuple[str, ...], keep_rest: bool, user: str, as_json: bool) -> int:
    """Keep or revoke lines; nobody decides about the own account. All of them or none."""
    if not (keep or revoke or keep_rest):
        raise click.UsageError("name lines to keep or to revoke, as in: wenshu policy review decide 1 --revoke rep_east_1 --keep-rest --as committee_a")
    with room_of(context, user) as (service, actor):
        found = service.reviews.one(actor, number)
        decisions = _decisions(found, actor, keep=keep, revoke=revoke, rest=keep_rest)
        _told(service.reviews.decide(actor, number, decisions), as_json=as_json)
    return DONE


@review.command("close")
@click.argument("number", type=int, metavar="REVIEW")
@member
@json_option
@pass_context
@exits
def close(context: Context, *, number: int, user: str, as_json: bool) -> int:
    """Close a review that is decided: revoked accounts are closed at once, revoked rules go into a draft. By a member who revoked nothing in it."""
    with room_of(context, user) as (service, actor):
        _told(service.reviews.close(actor, number), as_json=as_json)
    return DONE


def _decisions(found: Campaign, actor: Actor, *, keep: tuple[str, ...], revoke: tuple[str, ...], rest: bool) -> dict[int, Decision]:
    """Return the decision of each line that was named. Raises UsageError for a name of no line and for one that is named both ways."""
    decisions: dict[int, Decision] = {}
    said: tuple[tuple[Decision, tuple[str, ...]], ...] = (("keep", keep), ("revoke", revoke))
    for decision, names in said:
        for name in names:
            lines = [line.id for line in found.lines if name in (str(line.id), line.name)]
            if not lines:
                raise click.UsageError(f"review {found.id} has no line {name!r}; see: wenshu policy review show {found.id}")
            for line in lines:
                if decisions.setdefault(line, decision) != decision:
                    raise click.UsageError(f"{name!r} is named both to keep and to revoke")
    if rest:
        for other in found.lines:
            if other.decision is None and not (other.kind == "account" and other.name == actor.id):
                decisions.setdefault(other.id, "keep")
    return decisions


def _undecided(found: Campaign) -> str:
    return str(sum(line.decision is None for line in found.lines))


def _data(found: Campaign) -> dict[str, Any]:
    """Return a review as JSON data; days and instants in ISO form."""
    data = asdict(found)
    data["opened_at"], data["closed_at"] = found.opened_at.isoformat(), found.closed_at.isoformat() if found.closed_at else None
    data["lines"] = [asdict(line) | {"last": line.last.isoformat() if line.last else None} for line in found.lines]
    return data


def _told(found: Campaign, *, as_json: bool) -> None:
    if as_json:
        emit(_data(found))
        return
    rows = [[str(line.id), line.kind, line.name, line.role, str(line.times), line.last.isoformat() if line.last else "-", line.decision or "", line.decided_by or ""] for line in found.lines]
    print_table(["line", "kind", "name", "role", "uses", "last", "decision", "by"], rows, right=[True, False, False, False, True])
    state = f"closed by {found.closed_by}" + (f"; the revoked rules are taken out in draft {found.draft}" if found.draft else "") if found.closed_at else f"open; {_undecided(found)} lines undecided"
    click.echo(f"review {found.id} of the last {found.days} days: {state}")
