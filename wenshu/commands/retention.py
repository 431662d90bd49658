"""`retention`: the clocks of the bundle; for the machine's owner."""

from __future__ import annotations

import click

from wenshu.commands.common import DONE, Context, emit, json_option, pass_context, print_table


@click.group()
def retention() -> None:
    """How long data stay: show what is due, run the clocks."""


@retention.command()
@json_option
@pass_context
def show(context: Context, *, as_json: bool) -> int:
    """Every rule with what it would take today."""
    with context.service() as service:
        found = service.retention.show()
    if as_json:
        emit(found)
    else:
        print_table(["rule", "about", "months", "act", "due"], [[item["id"], item["about"], str(item["months"]), item["act"], f"{item['due']:,}"] for item in found])
    return DONE


@retention.command()
@json_option
@pass_context
def run(context: Context, *, as_json: bool) -> int:
    """Delete or restrict what is due, and leave a certificate."""
    with context.service() as service:
        done = service.retention.run()
    if as_json:
        emit(done)
    elif done["status"] == "nothing_due":
        click.echo("nothing is due; nothing was changed")
    else:
        click.echo(", ".join(f"{rule} {count:,}" for rule, count in done["taken"].items()))
        click.echo(f"certificate certificates/retention-{done['certificate']}.json sha256 {done['sha256']}")
    return DONE
