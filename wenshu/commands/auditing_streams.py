"""`audit sinks` and `audit witness`: whom the ledger streams to, and who vouches for its growth."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import click

from wenshu.commands.auditing_common import vkey_of, writable
from wenshu.commands.common import DONE, FAILED, Context, emit, json_option, pass_context, tell

if TYPE_CHECKING:
    from audit.witnessing import Witnesses


@click.group()
def sinks() -> None:
    """Where the ledger streams to: files and syslog."""


@sinks.command("add")
@click.argument("name")
@click.argument("target", metavar="file:///PATH|udp://H:P|tcp://H:P|unix:///PATH")
@pass_context
def sinks_add(context: Context, *, name: str, target: str) -> int:
    """Add a sink, or give one another target; recorded in the ledger."""
    from audit import Event
    from audit.sinks import add

    add(context.home.require().sinks, name, target)
    with writable(context) as ledger:
        ledger.append(Event(type="sink.added", actor="local_admin", detail={"sink": name}))
    click.echo(f"added {name}")
    return DONE


@sinks.command("run")
@click.option("--once", is_flag=True, help="Deliver what waits and end.")
@click.option("--every", default=1.0, show_default=True, type=click.FloatRange(0.1, 3600), help="Seconds between rounds.")
@pass_context
def sinks_run(context: Context, *, once: bool, every: float) -> int:
    """Deliver to every sink what it has not had, until interrupted."""
    import time

    from audit.sinks import pump, standing
    from wenshu.settings import now

    home = context.home.require()
    while True:
        pump(home.ledger, home.sinks, now)
        if once:
            return FAILED if any(one.failing_since for one in standing(home.sinks, 0)) else DONE
        time.sleep(every)


@sinks.command("list")
@json_option
@pass_context
def sinks_list(context: Context, *, as_json: bool) -> int:
    """Show each sink: how far it is behind, and since when it fails and why."""
    from audit.search import Reader
    from audit.sinks import standing

    home = context.home.require()
    found = standing(home.sinks, Reader(home.ledger).size())
    if as_json:
        emit({"sinks": [dataclasses.asdict(one) for one in found]})
        return DONE
    for one in found:
        state = f"fails since {one.failing_since[:19]} UTC: {one.error}" if one.failing_since else "delivers"
        click.echo(f"{one.name} ({one.kind}): {one.behind} behind, {state}")
    return DONE


@click.group()
def witness() -> None:
    """The witnesses of this ledger: add, ask, request and accept by file, list."""


def _witnesses(context: Context) -> Witnesses:
    from audit.witnessing import Witnesses

    return Witnesses(context.home.require().witnesses, vkey_of(context))


@witness.command("add")
@click.argument("key", metavar="VKEY|FILE")
@click.option("--url", help="Where it answers, such as http://127.0.0.1:8110; without one, requests are carried in files.")
@pass_context
def witness_add(context: Context, *, key: str, url: str | None) -> int:
    """Rely on a witness from now on; recorded in the ledger."""
    from audit import Event
    from audit.cosigning import CosignerKey

    path = Path(key)
    found = CosignerKey.parse(path.read_text(encoding="utf-8") if path.is_file() else key)
    _witnesses(context).add(found, url)
    with writable(context) as ledger:
        ledger.append(Event(type="witness.added", actor="local_admin", detail={"vkey": str(found)}))
    click.echo(f"added {found.name}")
    return DONE


@witness.command("ask")
@pass_context
def witness_ask(context: Context) -> int:
    """Ask every witness that has an address for a cosignature on the newest checkpoint."""
    from audit.search import Reader
    from audit.witnessing import WitnessRefused

    witnesses, reader, failed = _witnesses(context), Reader(context.home.require().ledger), False
    for known in witnesses.known():
        try:
            click.echo(f"{known.key.name}: {witnesses.ask(reader, known)} entries cosigned")
        except WitnessRefused as error:
            failed = True
            tell(f"{known.key.name}: {error}")
    return FAILED if failed else DONE


@witness.command("request")
@click.argument("name")
@click.option("--out", metavar="FILE", required=True, type=click.Path(path_type=Path))
@pass_context
def witness_request(context: Context, *, name: str, out: Path) -> int:
    """Write the request for one witness into a file, to be carried to it."""
    from audit.search import Reader
    from governance.errors import nearest

    witnesses = _witnesses(context)
    keys = {known.key.name: known.key for known in witnesses.known()}
    if name not in keys:
        raise click.UsageError(f"no witness is called {name!r}; add it with `wenshu audit witness add`.{nearest(name, keys)}")
    out.write_bytes(witnesses.request(Reader(context.home.require().ledger), keys[name]))
    return DONE


@witness.command("accept")
@click.argument("request", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.argument("answer", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@pass_context
def witness_accept(context: Context, *, request: Path, answer: Path) -> int:
    """Keep a witness's ANSWER to a REQUEST, both in files."""
    known = _witnesses(context).accept(request.read_bytes(), answer.read_text(encoding="utf-8"))
    click.echo(f"kept the cosignature of {known.key.name}")
    return DONE


@witness.command("list")
@json_option
@pass_context
def witness_list(context: Context, *, as_json: bool) -> int:
    """Show each witness: how large a tree it has cosigned, how long ago, how far behind."""
    from audit.notes import Checkpoint, VerifierKey
    from audit.search import Reader
    from wenshu.settings import now

    head = Checkpoint.open(Reader(context.home.require().ledger).head(), [VerifierKey.parse(vkey_of(context))])
    found = _witnesses(context).standing(now(), head.size)
    if as_json:
        emit({"size": head.size, "witnesses": [dataclasses.asdict(one) for one in found]})
        return DONE
    for one in found:
        click.echo(one.problem or one.told())
    return DONE
