"""`keys`: the identity keys of a home; for the machine's owner."""

from __future__ import annotations

import click

from wenshu.commands.common import DONE, Context, emit, json_option, pass_context, print_table, tell

KINDS = ("vault", "index", "warehouse", "release")


@click.group()
def keys() -> None:
    """The identity keys: list, rotate, forget."""


@keys.command("list")
@json_option
@pass_context
def list_keys(context: Context, *, as_json: bool) -> int:
    """List every version of every key, without its secret."""
    with context.service() as service:
        found = service.keys.list()
    if as_json:
        emit(found)
    else:
        print_table(["key", "version", "state", "suite"], [[item["key"], str(item["version"]), item["state"], item["suite"]] for item in found])
    return DONE


@keys.command()
@click.argument("kind", type=click.Choice(KINDS))
@click.option("--suite", type=click.Choice(["international", "national"]), help="Algorithms of the new key (default: the home's setting).")
@json_option
@pass_context
def rotate(context: Context, *, kind: str, suite: str | None, as_json: bool) -> int:
    """Move everything to a new version of a key. Killed half-way, the same command goes on where it stopped."""
    with context.service() as service:
        done = service.keys.rotate(kind, suite=suite, tell=lambda count: tell(f"  {count} persons"))
    if as_json:
        emit(done)
    else:
        click.echo(f"{kind} is now version {done['version']} ({done['suite']}); {done['moved']} moved. The old version is retired: wenshu keys list")
    return DONE


@keys.command()
@click.argument("kind", type=click.Choice(KINDS))
@click.argument("version", type=click.IntRange(min=1))
@json_option
@pass_context
def forget(context: Context, *, kind: str, version: int, as_json: bool) -> int:
    """Destroy a retired key. What was released or backed up under it can't be read again; refused while anything here needs it."""
    with context.service() as service:
        done = service.keys.forget(kind, version)
    if as_json:
        emit(done)
    else:
        click.echo(f"version {version} of {kind} is destroyed")
    return DONE
