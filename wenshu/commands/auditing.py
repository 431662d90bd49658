"""`audit`: verify, search, export, checkpoint. Starts without the rest of the product, so that a broken house can still be checked."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from wenshu.commands.common import DONE, FAILED, Context, emit, json_option, pass_context, print_table, tell

if TYPE_CHECKING:
    from governance.terms import Actor
    from wenshu.desk import Desk


@click.group()
def audit() -> None:
    """The ledger: verify, search, export, pack, report."""


def _origin(context: Context) -> str:
    from wenshu.marker import read_marker

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
    from wenshu.settings import now

    known = [checkpoint.read_text(encoding="utf-8")] if checkpoint else []
    if export is not None:
        key_file = vkey or export / "vkey"
        report = verify_ledger(export, key_file.read_text(encoding="utf-8").strip(), known=known)
    else:
        home = context.home.require()
        key = vkey.read_text(encoding="utf-8").strip() if vkey else _vkey(context)
        report = verify_ledger(home.ledger, key, home.checkpoint, known=known, now=now(), witnesses=home.witnesses)
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
@click.option("--keep-days", type=int, default=1098, show_default=True, help="What is younger stays; never less than six months.")
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@json_option
@pass_context
def prune(context: Context, *, keep_days: int, dry_run: bool, as_json: bool) -> int:
    """Drop the bodies of old entries; their hashes stay, and a signed record says which went."""
    from audit.pruning import plan
    from audit.pruning import prune as drop
    from wenshu.settings import now

    path = context.home.require().ledger
    if dry_run:
        found = plan(path, now=now(), keep_days=keep_days)
    else:
        with _writable(context) as ledger:
            found = drop(ledger, path, actor="local_admin", now=now(), keep_days=keep_days)
    if as_json:
        emit(dataclasses.asdict(found) | {"dry_run": dry_run})
    else:
        held = f"; {found.held} stay under {', '.join(found.holds)}" if found.held else ""
        click.echo(f"{found.entries} entries {'would be' if dry_run else 'were'} pruned{held}")
    return DONE


@audit.command()
@click.argument("name")
@click.option("--actor", help="Only what this account did.")
@click.option("--case", "case_", help="Only what belongs to this case.")
@click.option("--release", is_flag=True, help="Lift the hold.")
@pass_context
def hold(context: Context, *, name: str, actor: str | None, case_: str | None, release: bool) -> int:
    """Place a legal hold, under which nothing is pruned, or lift it."""
    from audit import Event

    detail = {"hold": name} if release else {"hold": name, "of_actor": actor, "case": case_}
    with _writable(context) as ledger:
        ledger.append(Event(type="hold.released" if release else "hold.placed", actor="local_admin", detail=detail))
    click.echo(f"{name}: {'lifted' if release else 'in force'}")
    return DONE


@audit.group()
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
    with _writable(context) as ledger:
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


@audit.group()
def witness() -> None:
    """The witnesses of this ledger: add, ask, request and accept by file, list."""


def _witnesses(context: Context) -> Any:
    from audit.witnessing import Witnesses

    return Witnesses(context.home.require().witnesses, _vkey(context))


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
    with _writable(context) as ledger:
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

    head = Checkpoint.open(Reader(context.home.require().ledger).head(), [VerifierKey.parse(_vkey(context))])
    found = _witnesses(context).standing(now(), head.size)
    if as_json:
        emit({"size": head.size, "witnesses": [dataclasses.asdict(one) for one in found]})
        return DONE
    for one in found:
        click.echo(one.problem or one.told())
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


@contextmanager
def _desk(context: Context) -> Iterator[tuple[Desk, Actor]]:
    """The home's desk for the machine's owner, without the warehouse; recorded as `local_admin`."""
    from governance.bundle.loading import load_bundle
    from governance.terms import Actor
    from wenshu.desk import Desk
    from wenshu.settings import now
    from wenshu.setup import shipped_bundle

    home = context.home.require()
    bundle = load_bundle(home.bundle)
    with _writable(context) as ledger:
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
            ),
            Actor(id="local_admin", role="local_admin", department="local_admin", via="local_admin"),
        )


@audit.command()
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


@audit.command()
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
