"""`audit`: verify, export, checkpoint, prune, hold. Starts without the rest of the product, so that a broken house can still be checked."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from wenshu.commands.auditing_common import kept_months, vkey_of, writable
from wenshu.commands.auditing_desk import pack, report, search
from wenshu.commands.auditing_stamps import stamp
from wenshu.commands.auditing_streams import sinks, witness
from wenshu.commands.common import DONE, FAILED, Context, emit, json_option, pass_context

if TYPE_CHECKING:
    from audit.foreign import Form
    from audit.place import Place


@click.group()
def audit() -> None:
    """The ledger: verify, search, export, pack, report."""


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
        key = vkey.read_text(encoding="utf-8").strip() if vkey else vkey_of(context)
        report = verify_ledger(home.ledger, key, home.checkpoint, known=known, now=now(), witnesses=home.witnesses, stamps=home.stamps)
    if as_json:
        emit(report.to_dict() | {"ok": report.ok})
    else:
        click.echo(report.summary())
    return DONE if report.ok else FAILED


@audit.command()
@click.option("--out", metavar="DIR|FILE", required=True, type=click.Path(path_type=Path))
@click.option("--format", "form", type=click.Choice(["ledger", "ocsf", "otel"]), default="ledger", help="The folder that proves itself, or a file of JSON lines for other systems.")
@json_option
@pass_context
def export(context: Context, *, out: Path, form: Literal["ledger", "ocsf", "otel"], as_json: bool) -> int:
    """Write the whole ledger with its signed checkpoint and a verifier into a new folder, or in another form into a new file."""
    from audit import Event
    from audit.export import export as write_export

    home = context.home.require()
    with writable(context) as ledger:
        ledger.append(Event(type="ledger.exported", actor="local_admin", detail={} if form == "ledger" else {"form": form}))
    if form != "ledger":
        return _handed_over(home.ledger, out, form, as_json=as_json)
    done = write_export(home.ledger, out, vkey=vkey_of(context))
    if as_json:
        emit(dataclasses.asdict(done) | {"folder": str(out)})
    else:
        click.echo(f"{done.events} events written to {out}")
    return DONE


def _handed_over(path: Place, out: Path, form: Form, *, as_json: bool) -> int:
    from importlib.metadata import PackageNotFoundError, version

    from audit.foreign import hand_over

    try:
        release = version("wenshu")
    except PackageNotFoundError:
        release = "unknown"
    done = hand_over(path, out, form, release=release)
    if as_json:
        emit(dataclasses.asdict(done) | {"file": str(out), "format": form})
    else:
        gone = f"; {done.pruned} are pruned and left out" if done.pruned else ""
        click.echo(f"{done.events} events written to {out}{gone}")
    return DONE


@audit.command()
@pass_context
def checkpoint(context: Context) -> int:
    """Print the newest signed checkpoint."""
    from audit.search import Reader

    click.echo(Reader(context.home.require().ledger).head(), nl=False)
    return DONE


@audit.command()
@click.option("--keep-days", type=int, help="Keep every class so long instead of as the bundle says; never below a class's floor.")
@click.option("--owner-url", metavar="URL", envvar="WENSHU_LEDGER_OWNER_URL", help="Whose tables they are, for a ledger on a server: the role that writes may drop nothing.")
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@json_option
@pass_context
def prune(context: Context, *, keep_days: int | None, owner_url: str | None, dry_run: bool, as_json: bool) -> int:
    """Drop the bodies of entries that are older than the bundle keeps their class; their hashes stay, and a signed record says which went."""
    from audit.place import Server
    from audit.pruning import plan
    from audit.pruning import prune as drop
    from wenshu.settings import now

    path = context.home.require().ledger
    if isinstance(path, Server):
        path = Server(path.url, owner_url)
    months = kept_months(context) if keep_days is None else None
    if dry_run:
        found = plan(path, now=now(), months=months, keep_days=keep_days)
    else:
        with writable(context) as ledger:
            found = drop(ledger, path, actor="local_admin", now=now(), months=months, keep_days=keep_days)
    if as_json:
        emit(dataclasses.asdict(found) | {"dry_run": dry_run})
    else:
        held = f"; {found.held} stay under {', '.join(found.holds)}" if found.held else ""
        classes = f" ({', '.join(f'{name} {count}' for name, count in found.classes.items())})" if found.classes else ""
        click.echo(f"{found.entries} entries {'would be' if dry_run else 'were'} pruned{classes}{held}")
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
    with writable(context) as ledger:
        ledger.append(Event(type="hold.released" if release else "hold.placed", actor="local_admin", detail=detail))
    click.echo(f"{name}: {'lifted' if release else 'in force'}")
    return DONE


for command in (search, pack, report, sinks, witness, stamp):
    audit.add_command(command)
