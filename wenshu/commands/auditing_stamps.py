"""`audit stamp`: time-stamps of RFC 3161 on the ledger's checkpoints, asked for over the network or by file."""

from __future__ import annotations

import dataclasses
import secrets
from pathlib import Path
from typing import TYPE_CHECKING

import click

from wenshu.commands.auditing_common import vkey_of, writable
from wenshu.commands.common import DONE, Context, emit, json_option, pass_context

if TYPE_CHECKING:
    from audit.stamping import Stamps


@click.group()
def stamp() -> None:
    """Time-stamps on the ledger's checkpoints: trust an authority, ask it, request and accept by file, list."""


def _stamps(context: Context) -> Stamps:
    from audit.stamping import Stamps

    return Stamps(context.home.require().stamps, vkey_of(context))


def _head(context: Context) -> str:
    from audit.search import Reader

    return Reader(context.home.require().ledger).head()


@stamp.command()
@click.argument("certificates", metavar="PEM", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@pass_context
def trust(context: Context, *, certificates: Path) -> int:
    """Trust a time-stamping authority's certificate from now on; recorded in the ledger."""
    from audit import Event

    found = _stamps(context).trust(certificates.read_bytes())
    with writable(context) as ledger:
        ledger.append(Event(type="stamp.trusted", actor="local_admin", detail={"sha256": found}))
    for fingerprint in found:
        click.echo(f"trusted {fingerprint}")
    return DONE


@stamp.command()
@click.argument("url")
@pass_context
def ask(context: Context, *, url: str) -> int:
    """Ask the authority at URL for a time-stamp on the newest checkpoint, and keep it."""
    click.echo(_stamps(context).ask(url, _head(context), secrets.token_bytes).told())
    return DONE


@stamp.command()
@click.option("--out", metavar="FILE", required=True, type=click.Path(path_type=Path))
@pass_context
def request(context: Context, *, out: Path) -> int:
    """Write the request for a time-stamp on the newest checkpoint into a file, to be carried to an authority."""
    out.write_bytes(_stamps(context).request(_head(context), secrets.token_bytes))
    return DONE


@stamp.command()
@click.argument("request", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.argument("answer", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@pass_context
def accept(context: Context, *, request: Path, answer: Path) -> int:
    """Keep the authority's ANSWER to a REQUEST, both in files."""
    click.echo(_stamps(context).accept(request.read_bytes(), answer.read_bytes()).told())
    return DONE


@stamp.command("list")
@json_option
@pass_context
def stamps_list(context: Context, *, as_json: bool) -> int:
    """Show each time-stamp: how many entries it covers, when, by whom."""
    found = sorted((told for _, told in _stamps(context).held()), key=lambda told: told.size)
    if as_json:
        emit({"stamps": [dataclasses.asdict(one) for one in found]})
        return DONE
    for one in found:
        click.echo(one.told())
    return DONE
