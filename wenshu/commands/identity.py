"""`identity`: re-identification under two persons' control."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from wenshu.commands.common import DONE, REFUSED, Context, emit, json_option, pass_context, print_table, tell

if TYPE_CHECKING:
    from wenshu.persons_room import Told

as_option = click.option("--as", "user", metavar="USER", required=True, help="Whose rights apply; recorded as a local administrator's act.")


@click.group()
def identity() -> None:
    """Re-identification under two persons' control: request, approve, reveal."""


def _finish(told: Told, *, as_json: bool, said: str) -> int:
    document = told.to_json()
    if as_json:
        emit(document)
    elif told.refusal is not None:
        click.echo(document["refusal"]["message"])
        for item in document["refusal"]["you_may"]:
            click.echo(f"  · {item}")
    else:
        click.echo(said)
        for kind, values in (told.identity or {}).items():
            click.echo(f"  {kind}: {', '.join(values)}")
    if not as_json:
        tell(f"  receipt #{told.receipt.index} {told.receipt.event}")
    return REFUSED if told.refusal is not None else DONE


@identity.command()
@click.argument("pseudonym")
@as_option
@click.option("--case", metavar="NO", required=True, help="The number of the case that it is needed for; no names.")
@click.option("--purpose", metavar="P", required=True, help="Why; one of the requester's own purposes.")
@json_option
@pass_context
def request(context: Context, *, pseudonym: str, user: str, case: str, purpose: str, as_json: bool) -> int:
    """Ask who is behind PSEUDONYM, in any form that was ever released. Another person has to approve."""
    with context.service() as service:
        told = service.persons.request(service.local_actor(user), pseudonym, case=case, purpose=purpose)
        made = told.request or {}
        said = f"request {made.get('id')} for {made.get('person')}; a compliance officer other than {made.get('requester')} approves it with:\n  wenshu identity approve {made.get('id')} --as USER"
        return _finish(told, as_json=as_json, said=said)


@identity.command()
@click.argument("request_id", metavar="REQUEST")
@as_option
@click.option("--deny", is_flag=True, help="Turn the request down instead.")
@json_option
@pass_context
def approve(context: Context, *, request_id: str, user: str, deny: bool, as_json: bool) -> int:
    """Approve a request that somebody else made (compliance officers)."""
    with context.service() as service:
        told = service.persons.decide(service.local_actor(user), request_id, approved=not deny)
        made = told.request or {}
        said = f"request {made.get('id')}: {made.get('state')}"
        if not deny:
            said += f"; until {made.get('expires_at')} {made.get('requester')} may see the answer once with:\n  wenshu identity reveal {made.get('id')} --as {made.get('requester')}"
        return _finish(told, as_json=as_json, said=said)


@identity.command()
@click.argument("request_id", metavar="REQUEST")
@as_option
@click.option("--unmasked", is_flag=True, help="Show the values in full. The answer is shown once, masked or not.")
@json_option
@pass_context
def reveal(context: Context, *, request_id: str, user: str, unmasked: bool, as_json: bool) -> int:
    """Show the requester who it is: once, masked unless --unmasked is given."""
    with context.service() as service:
        told = service.persons.reveal(service.local_actor(user), request_id, unmasked=unmasked)
        form = "in full" if unmasked else "masked"
        return _finish(told, as_json=as_json, said=f"{(told.request or {}).get('person')} ({form}; shown once, not kept anywhere):")


@identity.command("list")
@as_option
@json_option
@pass_context
def list_requests(context: Context, *, user: str, as_json: bool) -> int:
    """List the requests: all for compliance officers, else one's own."""
    with context.service() as service:
        found = service.persons.requests(service.local_actor(user))
    if as_json:
        emit(found)
    else:
        names = ("id", "state", "person", "case", "purpose", "requester", "approver", "expires_at")
        print_table(list(names), [[str(item[name] or "") for name in names] for item in found])
        click.echo(f"{len(found)} requests")
    return DONE


@identity.command()
@json_option
@pass_context
def labels(context: Context, *, as_json: bool) -> int:
    """What every table of the warehouse is in law, and how alone a person's attributes make a person (k)."""
    import dataclasses

    from governance.identity.labels import WORDS, measure
    from wenshu.identities import warehouse_schema
    from wenshu.marker import read_marker

    home = context.home.require()
    read_marker(home)
    if not home.warehouse.exists():
        raise click.UsageError("no data is loaded yet; load a folder of extracts with: wenshu ingest DIR")
    found = measure(home.warehouse, warehouse_schema(home))
    if as_json:
        emit([dataclasses.asdict(item) | {"words": {"zh": WORDS[item.label].zh, "en": WORDS[item.label].en}} for item in found])
    else:
        rows = [[item.table, f"{WORDS[item.label].zh} {WORDS[item.label].en}", f"{item.rows:,}", "" if item.k is None else str(item.k), "" if item.unique is None else f"{item.unique:,}"] for item in found]
        print_table(["table", "label", "rows", "k", "alone in their group"], rows, right=[False, False, True, True, True])
    return DONE
