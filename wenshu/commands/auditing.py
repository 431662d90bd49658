"""`audit`: verify, search, export, checkpoint. Starts without the rest of the product, so that a broken house can still be checked."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from wenshu.commands.common import DONE, FAILED, Context, emit, json_option, pass_context, print_table, tell


@click.group()
def audit() -> None:
    """The ledger: verify, search, export."""


def _origin(context: Context) -> str:
    from wenshu.setup import read_marker

    return read_marker(context.home).origin


def _vkey(context: Context) -> str:
    from audit.keys import load_key

    return str(load_key(context.home.ledger_key, _origin(context)).verifier)


@audit.command()
@click.argument("export", metavar="[EXPORT]", required=False, type=click.Path(path_type=Path, exists=True))
@click.option("--vkey", metavar="FILE", type=click.Path(path_type=Path, exists=True), help="Verifier key taken from elsewhere than the home.")
@click.option("--checkpoint", metavar="FILE", type=click.Path(path_type=Path, exists=True), help="A checkpoint kept elsewhere.")
@json_option
@pass_context
def verify(context: Context, *, export: Path | None, vkey: Path | None, checkpoint: Path | None, as_json: bool) -> int:
    """Find a changed, deleted, inserted, reordered or cut-off entry, in the home's ledger or in the folder of an EXPORT."""
    from audit.verify import verify as verify_ledger

    known = [checkpoint.read_text(encoding="utf-8")] if checkpoint else []
    if export is not None:
        key_file = vkey or export / "vkey"
        report = verify_ledger(export, key_file.read_text(encoding="utf-8").strip(), known=known)
    else:
        home = context.home.require()
        key = vkey.read_text(encoding="utf-8").strip() if vkey else _vkey(context)
        report = verify_ledger(home.ledger, key, home.checkpoint, known=known)
    if as_json:
        emit(report.to_dict() | {"ok": report.ok})
    else:
        click.echo(report.summary())
    return DONE if report.ok else FAILED


@audit.command()
@click.option("--out", metavar="DIR", required=True, type=click.Path(path_type=Path))
@json_option
@pass_context
def export(context: Context, *, out: Path, as_json: bool) -> int:
    """Write the whole ledger with its signed checkpoint and a verifier into a new folder."""
    from audit import Event
    from audit.export import export as write_export

    home = context.home.require()
    with _writable(context) as ledger:
        ledger.append(Event(type="ledger.exported", actor="local_admin"))
    done = write_export(home.ledger, out, vkey=_vkey(context))
    if as_json:
        emit(dataclasses.asdict(done) | {"folder": str(out)})
    else:
        click.echo(f"{done.events} events written to {out}")
    return DONE


def _writable(context: Context) -> Any:
    from governance.bundle.loading import load_bundle
    from wenshu.setup import open_ledger

    home = context.home.require()
    return open_ledger(home, _origin(context), load_bundle(home.bundle).settings.timezone)


@audit.command()
@pass_context
def checkpoint(context: Context) -> int:
    """Print the newest signed checkpoint."""
    from audit.search import Reader

    click.echo(Reader(context.home.require().ledger).head(), nl=False)
    return DONE


@audit.command()
@click.option("--actor", help="Who asked.")
@click.option("--department")
@click.option("--purpose")
@click.option("--metric")
@click.option("--outcome", help="answered, refused or failed.")
@click.option("--code", help="Refusal code.")
@click.option("--rule", help="The rule that decided.")
@click.option("--case", help="The case it was asked for.")
@click.option("--class", "data_class", help="A class of data that was touched.")
@click.option("--session", help="One session.")
@click.option("--surface", help="web, api, cli, mcp …")
@click.option("--type", "kind", help="intent, outcome, question, ledger.read …")
@click.option("--since", metavar="DATE", help="First local day.")
@click.option("--until", metavar="DATE", help="Last local day.")
@click.option("--text", help="Words that the entry contains.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
@click.option("--after", type=int, help="Go on after this entry number.")
@json_option
@pass_context
def search(context: Context, /, *, kind: str | None, limit: int, after: int | None, as_json: bool, **filters: str | None) -> int:
    """Search the ledger, newest first. The search itself is recorded."""
    from audit import Event
    from audit.search import Reader
    from governance.bundle.loading import load_bundle
    from wenshu.desk.filters import read_filter, sayable

    given = {key: value for key, value in {**filters, "type": kind}.items() if value}
    home = context.home.require()
    zone = ZoneInfo(load_bundle(home.bundle).settings.timezone)
    wanted, reader = read_filter(given, zone), Reader(home.ledger)
    with _writable(context) as ledger:
        detail = {"what": "search", "filters": sayable(given, reader, zone)}
        ledger.append(Event(type="ledger.read", actor="local_admin", detail=detail))
    page, total = reader.search(wanted, after=after, limit=limit), reader.count(wanted)
    bodies = [event.body for event in page.events]
    if as_json:
        emit({"events": bodies, "next": page.after, "total": total})
        return DONE
    rows = [
        [str(b["index"]), b["time"][:19], b["type"], b["actor"], b["purpose"] or "", _word(b, "code") or b["decision"] or "", ",".join(_word(b, "metrics") or [])]
        for b in bodies
    ]
    print_table(["#", "time (UTC)", "type", "who", "purpose", "decision", "metrics"], rows, right=[True])
    tell(f"{len(rows)} of {total} events" + (f"; more with --after {page.after}" if page.after is not None else ""))
    return DONE


def _word(body: dict[str, Any], name: str) -> Any:
    """A searchable member of a stored line; before version 2 these stood in its detail."""
    return body.get(name) or body["detail"].get(name)
