"""`audit search`, `pack` and `report`: what a compliance officer reads, for the machine's owner in a shell."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from wenshu.commands.auditing_common import writable
from wenshu.commands.common import DONE, Context, emit, json_option, pass_context, print_table, tell

if TYPE_CHECKING:
    from governance.terms import Actor
    from wenshu.desk import Desk


@click.command()
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
    from wenshu.desk.door import Door
    from wenshu.desk.filters import read_filter, sayable
    from wenshu.settings import now

    given = {key: value for key, value in {**filters, "type": kind}.items() if value}
    home = context.home.require()
    timezone = load_bundle(home.bundle).settings.timezone
    wanted, reader = read_filter(given, ZoneInfo(timezone)), Reader(home.ledger)
    with writable(context) as ledger:
        door = Door(ledger=ledger, path=home.ledger, checkpoint=home.checkpoint, timezone=timezone, clock=now, may_review=lambda _: True)
        detail = {"what": "search", "filters": sayable(given, door)}
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


@contextmanager
def _desk(context: Context) -> Iterator[tuple[Desk, Actor]]:
    """The home's desk for the machine's owner, without the warehouse; recorded as `local_admin`."""
    from audit.shredding import PersonKeys
    from governance.bundle.loading import load_bundle
    from governance.terms import Actor
    from wenshu.desk import Desk
    from wenshu.settings import now
    from wenshu.setup import shipped_bundle

    home = context.home.require()
    bundle = load_bundle(home.bundle)
    with writable(context) as ledger:
        yield (
            Desk(
                ledger=ledger,
                path=home.ledger,
                checkpoint=home.checkpoint,
                notes=home.desk,
                timezone=bundle.settings.timezone,
                clock=now,
                may_review=lambda _: True,
                bundle=lambda: bundle,
                shipped=shipped_bundle,
                bundle_folder=home.standings.folder,
                persons=PersonKeys(home.person_keys),
            ),
            Actor(id="local_admin", role="local_admin", department="local_admin", via="local_admin"),
        )


@click.command()
@click.option("--out", metavar="DIR", required=True, type=click.Path(path_type=Path))
@click.option("--case", help="The events of a case.")
@click.option("--actor", "--person", "actor", help="The events of a person.")
@click.option("--department")
@click.option("--purpose")
@click.option("--metric")
@click.option("--outcome", help="answered, refused or failed.")
@click.option("--code", help="Refusal code.")
@click.option("--rule", help="The rule that decided.")
@click.option("--session", help="One session.")
@click.option("--surface", help="web, api, cli, mcp …")
@click.option("--type", "kind", help="intent, outcome, question …")
@click.option("--since", metavar="DATE", help="First local day.")
@click.option("--until", metavar="DATE", help="Last local day.")
@json_option
@pass_context
def pack(context: Context, /, *, out: Path, kind: str | None, as_json: bool, **filters: str | None) -> int:
    """Make an evidence pack: events with the proof that none was left out, policies in force, a report, a checker. Without a filter: everything."""
    given = {key: value for key, value in {**filters, "type": kind}.items() if value}
    with _desk(context) as (desk, owner):
        desk.integrity_of.verify(owner)
        made = desk.packs.make(owner, given, out)
    if as_json:
        emit(dataclasses.asdict(made) | {"folder": str(out)})
    else:
        click.echo(f"{made.matched} of {made.size} entries in {out}; check it with: python3 {out}/verify.py {out} VKEY")
    return DONE


@click.command()
@click.option("--out", metavar="DIR", type=click.Path(path_type=Path), help="Also write the report as HTML and PDF, in Chinese and English, into a new folder.")
@json_option
@pass_context
def report(context: Context, *, out: Path | None, as_json: bool) -> int:
    """The compliance audit report: each rule of law, what answers it, and whether live data show it met, partly or not."""
    from wenshu.desk.controls_report import write_controls

    with _desk(context) as (desk, owner):
        desk.integrity_of.verify(owner)
        told = desk.controls.look(owner)
    if out is not None:
        write_controls(out, told)
    if as_json:
        emit(plain(told))
        return DONE
    rows = [
        [control["state"], law["law"].zh, ", ".join(control["articles"]), control["demand"].zh, "" if control["verified"] else "未核实 unverified"]
        for law in told["laws"]
        for control in law["controls"]
    ]
    print_table(["state", "law", "articles", "demand", ""], rows)
    summary = told["summary"]
    tell(f"{summary['met']} met, {summary['partly']} partly, {summary['not_met']} not met" + (f"; written to {out}" if out else ""))
    return DONE


def plain(value: Any) -> Any:
    """Plain data of what the desk tells: texts as `{zh, en}`."""
    from governance.terms import Text

    if isinstance(value, Text):
        return {"zh": value.zh, "en": value.en}
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list | tuple) else value


def _word(body: dict[str, Any], name: str) -> Any:
    """A searchable member of a stored line; before version 2 these stood in its detail."""
    return body.get(name) or body["detail"].get(name)
