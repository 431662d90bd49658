"""`handed-on`: messages on their way to drug safety or medical information."""

from __future__ import annotations

import sys

import click

from wenshu.commands.common import DONE, FAILED, Context, emit, json_option, pass_context, print_table


@click.group("handed-on")
def handed_on() -> None:
    """Messages handed on to drug safety or medical information."""


@handed_on.command("list")
@json_option
@pass_context
def list_messages(context: Context, *, as_json: bool) -> int:
    """List them without their words: reference, contact, when, and whether they arrived."""
    with context.service() as service:
        found = service.outbox.list()
    if as_json:
        emit([{name: getattr(item, name) for name in ("reference", "contact", "handed_at", "delivered_at", "attempts", "problem")} for item in found])
    else:
        print_table(["reference", "contact", "handed at", "delivered", "last problem"], [[m.reference, m.contact, m.handed_at, m.delivered_at or "waiting", m.problem or ""] for m in found])
        click.echo(f"{len(found)} messages, {sum(m.delivered_at is None for m in found)} waiting")
    return DONE


@handed_on.command()
@click.argument("code", type=click.Choice(["adverse_event", "off_label"]))
@click.option("--as", "user", required=True, metavar="USER", help="Who hands it on.")
@json_option
@pass_context
def send(context: Context, *, code: str, user: str, as_json: bool) -> int:
    """Hand on the message on standard input (so that its words are in no process list or shell history)."""
    message = sys.stdin.read()
    with context.service() as service:
        handed = service.hand_on(service.local_actor(user), code, message)
    if as_json:
        emit({"reference": handed.reference, "contact": handed.contact, "delivered_at": handed.delivered_at})
    else:
        click.echo(f"{handed.reference} {'delivered to' if handed.delivered_at else 'waiting for'} {handed.contact}")
    return DONE


@handed_on.command()
@click.argument("reference")
@pass_context
def show(context: Context, *, reference: str) -> int:
    """Print a waiting message; that it was read is recorded."""
    with context.service() as service:
        handed, words = service.outbox.show(reference)
    click.echo(f"{handed.reference} {handed.contact} {handed.handed_at}\n\n{words}")
    return DONE


@handed_on.command()
@pass_context
def deliver(context: Context) -> int:
    """Try to deliver everything that waits; exit 1 if something still does."""
    with context.service() as service:
        service.outbox.deliver_all()
        left = service.outbox.waiting()
    click.echo(f"{len(left)} waiting")
    return FAILED if left else DONE
