"""`ingest DIR`, and under it the review queue of linking: `ingest review list | show | decide | history`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from wenshu.commands.common import DONE, Context, Progress, emit, json_option, pass_context, print_table

if TYPE_CHECKING:
    from audit import Ledger
    from governance.bundle.loading import Bundle
    from governance.ingest.reviewing import Reviews, Verdict

_LOAD = "load"


class _FolderFirst(click.Group):
    """A group whose first word is a folder unless it is one of its commands: `ingest DIR` and `ingest review list`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = [_LOAD, *args]
        return super().parse_args(ctx, args)


@click.group(cls=_FolderFirst, subcommand_metavar="DIR | review …")
def ingest() -> None:
    """Classify, pseudonymize, link and load a folder of extracts: `ingest DIR [--dry-run] [--write-links] [--json]`."""


@ingest.command(name=_LOAD, hidden=True)
@click.argument("folder", metavar="DIR")
@click.option("--dry-run", is_flag=True, help="Print what was found in every column and would be done; change nothing.")
@click.option("--write-links", is_flag=True, help="Write links.csv: which row was linked to which pseudonym.")
@click.option("--again", is_flag=True, help="Load even if no file, mapping, key or decision has changed since the load that stands.")
@click.option("--propose", metavar="OUT", help="Write a proposed mapping for each file that no mapping names into the folder OUT; load nothing.")
@json_option
@pass_context
def load(context: Context, *, folder: str, dry_run: bool, write_links: bool, again: bool, propose: str | None, as_json: bool) -> int:
    """Classify, pseudonymize, link and load a folder of extracts (CSV, Excel, Parquet), or the tables of a database by its SQLAlchemy URL."""
    from audit import Event
    from governance.bundle.loading import load_bundle
    from wenshu.inbox import STEWARDSHIP
    from wenshu.loading import ingest_folder
    from wenshu.marker import read_marker
    from wenshu.setup import open_ledger

    home = context.home.require()
    marker = read_marker(home)
    bundle = load_bundle(home.bundle)
    if propose is not None:
        return _propose(bundle, folder, Path(propose), home.root / STEWARDSHIP, as_json=as_json)
    day = context.environment.today(bundle.settings.timezone)
    progress = Progress()
    with open_ledger(home, marker.origin, bundle.settings.timezone) as ledger:
        ledger.append(Event(type="ingest.begun", actor="local_admin", detail={"dry_run": dry_run, "bundle": bundle.version}))
        place = folder if "://" in folder else Path(folder)
        report = ingest_folder(home, bundle, place, day=day, dry_run=dry_run, write_links=write_links, unless_unchanged=not again, tell=progress)
        ledger.append(Event(type="ingest.ended", actor="local_admin", detail={"dry_run": dry_run, "load": report.load_id, "unchanged": report.unchanged}))
    progress.end()
    if as_json:
        emit(report.to_json())
    else:
        click.echo(report.table())
    return DONE


def _propose(bundle: Bundle, folder: str, out: Path, more: Path, *, as_json: bool) -> int:
    from wenshu.onboarding import examine, write

    found = examine(bundle, folder if "://" in folder else Path(folder), more=more)
    written = write(found, out)
    if as_json:
        emit({"written": written, **found.to_json()})
        return DONE
    for name, item in zip(written, found.proposals, strict=True):
        click.echo(f"{name}: {item.file} → {item.table or 'no table fits'}" + "".join(f"\n    lacking: {line}" for line in item.lacking))
    for line in found.unread:
        click.echo(line)
    click.echo(f"{len(written)} proposed. Read them, correct them, and put them into the bundle's extracts/; then `wenshu ingest {Path(folder).name} --dry-run`.")
    return DONE


@ingest.command()
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="How many rows to list.")
@click.option("--reason", help="Only rows held for this reason.")
@click.option("--extract", help="Only rows of this extract.")
@json_option
@pass_context
def held(context: Context, *, limit: int, reason: str | None, extract: str | None, as_json: bool) -> int:
    """List the rows that the last load held back, by file and number, with the reason; never their values.

    Mend the file, the mapping or the register, then load again: every load tries all held rows anew and says how many are free.
    """
    from governance.ingest import Places
    from governance.ingest.since import held_rows, last_report

    home = context.home.require()
    places = Places(home=home.root)
    report = last_report(places.loads)
    if report is None:
        raise click.UsageError("no data is loaded yet; load a folder of extracts with: wenshu ingest DIR")
    rows = [row for row in held_rows(places.loads, report) if reason in {None, row["reason"]} and extract in {None, row["extract"]}]
    if as_json:
        emit({"load": report["load_id"], "total": len(rows), "redriven": report.get("redriven", {}), "rows": rows[:limit]})
        return DONE
    print_table(["extract", "file", "row", "reason"], [[row["extract"], row["source"], f"{row['row']:,}", row["reason"]] for row in rows[:limit]], right=[False, False, True, False])
    click.echo(f"{len(rows):,} rows held back by load {report['load_id']}" + (f"; the first {limit}" if len(rows) > limit else ""))
    return DONE


@ingest.group()
def review() -> None:
    """Doubtful links, for a steward to decide. Decisions take effect with the next load and can be undone."""


@review.command(name="list")
@click.option("--state", default="open", show_default=True, help="open, decided, or merged (automatic merges that may be split).")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True)
@json_option
@pass_context
def list_cases(context: Context, *, state: str, limit: int, as_json: bool) -> int:
    """List cases, those with most rows first."""
    with _reviews(context) as reviews:
        cases = reviews.cases(state)
    if as_json:
        emit({"state": state, "total": len(cases), "cases": cases[:limit]})
        return DONE
    click.echo(f"{len(cases)} cases, {state}" + (f"; the first {limit}" if len(cases) > limit else ""))
    rows = [
        [case["token"][:10], case["kind"], f"{case['rows']:,}", _line(case["said"]), f"{case['candidates'][0]['likeness']:.2f}", _line(case["candidates"][0]["said"])]
        for case in cases[:limit]
    ]
    print_table(["case", "kind", "rows", "said", "likeness", "may be"], rows, right=[False, False, True, False, True, False])
    return DONE


@review.command(name="show")
@click.argument("case")
@json_option
@pass_context
def show_case(context: Context, *, case: str, as_json: bool) -> int:
    """Show one case with its candidates side by side, masked."""
    with _reviews(context) as reviews:
        found = reviews.case(case)
    if as_json:
        emit(found)
    else:
        _print_case(found)
    return DONE


@review.command(name="decide")
@click.argument("case")
@click.option("--same", "choice", type=click.IntRange(1), metavar="N", help="Candidate N is the same person.")
@click.option("--apart", is_flag=True, help="None of the candidates is; two records are two doctors.")
@click.option("--undo", is_flag=True, help="Take the last decision back.")
@click.option("--now", "at_once", is_flag=True, help="Load the folder of the last load again, so that facts follow at once.")
@json_option
@pass_context
def decide_case(context: Context, *, case: str, choice: int | None, apart: bool, undo: bool, at_once: bool, as_json: bool) -> int:
    """Decide a case. Takes effect with the next `wenshu ingest`, which makes every fact anew; with --now that is at once."""
    from wenshu.stewardship import decide

    if (choice is not None) + apart + undo != 1:
        raise click.UsageError("Say exactly one of --same N, --apart and --undo.")
    verdict: Verdict = "same" if choice is not None else "apart" if apart else "undo"
    with _reviews(context) as reviews, _ledger(context) as ledger:
        taken = decide(reviews, ledger.append, case, verdict, choice=choice or 0, by="local_admin")
    applied = _load_again(context) if at_once else None
    if as_json:
        effective = {"effective": "next_ingest"} if applied is None else {"effective": "now", "load": applied}
        emit({"case": taken.token, "verdict": taken.verdict, "choice": taken.choice, "by": taken.by, "at": taken.at, **effective})
    else:
        when = "It takes effect with the next `wenshu ingest`" if applied is None else f"Facts were made anew by load {applied}"
        click.echo(f"{taken.token[:10]}: {taken.verdict}. {when}; --undo takes it back.")
    return DONE


def _load_again(context: Context) -> str:
    """Load the folder that the last load read; return the load's id."""
    from audit import Event
    from governance.bundle.loading import load_bundle
    from wenshu.inbox import SOURCE
    from wenshu.loading import ingest_folder

    home = context.home.require()
    try:
        folder = Path((home.ingest / SOURCE).read_text(encoding="utf-8").strip())
    except OSError:
        raise click.UsageError("the decision is taken, but where the last load's files lay isn't known; load them with: wenshu ingest DIR") from None
    bundle, progress = load_bundle(home.bundle), Progress()
    day = context.environment.today(bundle.settings.timezone)
    with _ledger(context) as ledger:
        ledger.append(Event(type="ingest.begun", actor="local_admin", detail={"dry_run": False, "bundle": bundle.version}))
        report = ingest_folder(home, bundle, folder, day=day, unless_unchanged=True, tell=progress)
        ledger.append(Event(type="ingest.ended", actor="local_admin", detail={"dry_run": False, "load": report.load_id, "unchanged": report.unchanged}))
    progress.end()
    return report.load_id


@review.command(name="history")
@json_option
@pass_context
def show_history(context: Context, *, as_json: bool) -> int:
    """List every decision ever taken, the newest first."""
    with _reviews(context) as reviews:
        taken = reviews.history()
    if as_json:
        emit({"decisions": taken})
    else:
        print_table(["case", "verdict", "by", "at"], [[item["case"][:10], item["verdict"], item["by"], item["at"]] for item in taken])
    return DONE


@contextmanager
def _reviews(context: Context) -> Iterator[Reviews]:
    from governance.ingest import Places
    from governance.ingest.reviewing import Reviews

    reviews = Reviews(Places(home=context.home.require().root).reviews)
    try:
        yield reviews
    finally:
        reviews.close()


@contextmanager
def _ledger(context: Context) -> Iterator[Ledger]:
    from governance.bundle.loading import load_bundle
    from wenshu.marker import read_marker
    from wenshu.setup import open_ledger

    home = context.home.require()
    with open_ledger(home, read_marker(home).origin, load_bundle(home.bundle).settings.timezone) as ledger:
        yield ledger


def _line(said: dict[str, str]) -> str:
    return " · ".join(said.values())


def _print_case(case: dict[str, Any]) -> None:
    fields = list(dict.fromkeys([*case["said"], *(name for candidate in case["candidates"] for name in candidate["said"])]))
    headers = ["", "said" if case["kind"] == "row" else "record", *(f"candidate {number}" for number, _ in enumerate(case["candidates"], 1))]
    rows = [[name, case["said"].get(name, ""), *(candidate["said"].get(name, "") for candidate in case["candidates"])] for name in fields]
    rows.append(["likeness", "", *(f"{candidate['likeness']:.3f}" for candidate in case["candidates"])])
    click.echo(f"{case['token']} · {case['kind']} · {case['source']} · {case['rows']:,} rows")
    print_table(headers, rows)
    if "decision" in case:
        click.echo(f"decided: {case['decision']['verdict']}" + (f", candidate {case['decision']['choice']}" if case["decision"]["choice"] else ""))
