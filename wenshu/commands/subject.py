"""`subject`: a doctor's own rights. Identifiers are read from standard input, a prompt or a file, never from the command line."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from wenshu.commands.common import DONE, REFUSED, Context, emit, json_option, pass_context, tell

if TYPE_CHECKING:
    from collections.abc import Callable

    from wenshu.subject_room import Done, Subject

KINDS = ("mobile", "email", "license", "unionid", "crm_id", "employee")


@click.group()
def subject() -> None:
    """A doctor's own rights: access, correct, withdraw, erase.

    Who is meant is read from standard input (or a prompt, or --from FILE): the first line is a mobile number, e-mail address, license number,
    unionid or CRM id, in any written form. It is looked up by its blind index and kept nowhere.
    """


def _who(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option("--as", "user", metavar="USER", required=True, help="Who acts; needs the purpose subject_request (compliance)."),
        click.option("--case", metavar="NO", required=True, help="The number of the person's request; no names."),
        click.option("--from", "source", metavar="FILE|-", help="Where the identifier stands: a file, or - for standard input."),
        click.option("--pseudonym", metavar="P", help="Name the person by a pseudonym, in any released form, instead."),
        click.option("--kind", type=click.Choice(KINDS), help="What the identifier is, if it could be several things."),
    ):
        command = option(command)
    return command


def _lines(source: str | None, pseudonym: str | None, *, prompt: bool = True) -> list[str]:
    """The lines that were handed in; the first names the person unless a pseudonym does."""
    try:
        if source is not None and source != "-":
            return Path(source).read_text(encoding="utf-8-sig").splitlines()
        if source == "-" or not sys.stdin.isatty():
            return [] if pseudonym is not None and source is None and not prompt else sys.stdin.read().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise click.UsageError(f"what was handed in can't be read ({type(error).__name__}); give UTF-8 text") from None
    return [] if pseudonym is not None else [str(click.prompt("Identifier (not shown)", hide_input=True, err=True))]


def _subject(lines: list[str], pseudonym: str | None, kind: str | None) -> Subject:
    from wenshu.subject_room import Subject

    if pseudonym is not None:
        return Subject(pseudonym=pseudonym)
    text = next((line.strip() for line in lines if line.strip()), "")
    if not text:
        raise click.UsageError("name the person: write an identifier to standard input, or give --from FILE or --pseudonym")
    return Subject(text=text, kind=kind)


def _finish(done: Done, *, as_json: bool, said: Callable[[dict[str, Any]], list[str]]) -> int:
    document = done.to_json()
    if as_json:
        emit(document)
    elif document["status"] == "refused":
        click.echo(document["refusal"]["message"])
    elif document["status"] == "nothing_held":
        click.echo("nothing is held on this person" + ("; an erased person is kept out of later loads by this identifier" if document["erased_before"] else ""))
    else:
        for line in said(document):
            click.echo(line)
    if not as_json:
        tell(f"  receipt #{done.receipt.index} {done.receipt.event}")
    return REFUSED if done.refusal is not None else DONE


@subject.command()
@_who
@click.option("--out", metavar="DIR", type=click.Path(path_type=Path), help="Write subject.json, subject.html and subject.pdf into a new folder (mode 0700).")
@json_option
@pass_context
def access(
    context: Context, *, user: str, case: str, source: str | None, pseudonym: str | None, kind: str | None, out: Path | None, as_json: bool
) -> int:
    """Everything held on one person, from which source, under which basis, and the answers it could have taken part in."""
    if out is not None and out.exists():
        raise click.UsageError(f"{out.name} exists already; name a new folder")
    lines = [] if pseudonym is not None else _lines(source, pseudonym)
    with context.service() as service:
        done = service.subjects.access(service.local_actor(user), _subject(lines, pseudonym, kind), case=case)
    if out is not None and done.document.get("status") == "held":
        _write(out, done.to_json())

    def said(document: dict[str, Any]) -> list[str]:
        told = [f"held on {document['person']['pseudonym']}:", f"  identity: {', '.join(document['identity'])}"]
        told += [f"  {table}: {held['count']} rows from {', '.join(held['sources'])}" for table, held in document["records"].items()]
        answers = document["answers"]
        unknown = sum(item["judged_by"] == "attributes_unknown" for item in answers["events"])
        told.append(f"  answers that it could have taken part in: {answers['count']}" + (f" ({unknown} because the attributes of that day are no longer known)" if unknown else ""))
        told += [f"  {item['entries']} records of questions before {item['before']} were pruned under retention: whether it took part can't be known" for item in answers["pruned"]]
        told.append(f"written to {out}: subject.json, subject.html, subject.pdf" if out is not None else "the whole of it: --json, or --out DIR for a copy to hand over")
        return told

    return _finish(done, as_json=as_json, said=said)


def _write(out: Path, document: dict[str, Any]) -> None:
    from wenshu.subject_print import as_html, as_pdf

    out.mkdir(mode=0o700, parents=True)
    files = {
        "subject.json": (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode(),
        "subject.html": as_html(document).encode(),
        "subject.pdf": as_pdf(document),
    }
    for name, data in files.items():
        handle = os.open(out / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)


@subject.command()
@_who
@json_option
@pass_context
def correct(context: Context, *, user: str, case: str, source: str | None, pseudonym: str | None, kind: str | None, as_json: bool) -> int:
    """Correct identity fields or attributes: after the identifier, one `field=value` a line."""
    lines = [line for line in _lines(source, pseudonym) if line.strip()]
    values = {}
    for line in lines if pseudonym is not None else lines[1:]:
        name, equals, value = line.partition("=")
        if not equals or not value.strip():
            raise click.UsageError("after the identifier, each line is a correction written field=value, such as title=主任医师")
        values[name.strip()] = value.strip()
    with context.service() as service:
        done = service.subjects.correct(service.local_actor(user), _subject(lines, pseudonym, kind), values, case=case)
    return _finish(done, as_json=as_json, said=lambda document: [f"corrected for {document['person']}: {', '.join(document['fields'])}; it stands over later extracts"])


@subject.command()
@_who
@click.option("--purpose", "purposes", multiple=True, metavar="P", help="The purpose whose consent is withdrawn; may be repeated (default: all).")
@click.option("--channel", metavar="C", help="Withdraw for one channel only (default: all): the person leaves that channel's figures and stays in the others.")
@json_option
@pass_context
def withdraw(
    context: Context,
    *,
    user: str,
    case: str,
    source: str | None,
    pseudonym: str | None,
    kind: str | None,
    purposes: tuple[str, ...],
    channel: str | None,
    as_json: bool,
) -> int:
    """Record that a person withdraws consent; it takes effect at a midnight together with the others of its batch."""
    lines = [] if pseudonym is not None else _lines(source, pseudonym)
    with context.service() as service:
        done = service.subjects.withdraw(service.local_actor(user), _subject(lines, pseudonym, kind), purposes, channel=channel, case=case)

    def said(document: dict[str, Any]) -> list[str]:
        return [f"withdrawn for {document['person']}:", *(f"  {name}: in effect from {document['effective_at'].get(name) or 'now, as a record only'}" for name in document["purposes"])]

    return _finish(done, as_json=as_json, said=said)


@subject.command()
@_who
@click.option("--dry-run", is_flag=True, help="Say what would be removed; change nothing.")
@json_option
@pass_context
def erase(context: Context, *, user: str, case: str, source: str | None, pseudonym: str | None, kind: str | None, dry_run: bool, as_json: bool) -> int:
    """Erase a person from vault and warehouse, keep a tombstone against coming back, and prove it. It can't be undone."""
    lines = [] if pseudonym is not None else _lines(source, pseudonym)
    with context.service() as service:
        done = service.subjects.erase(service.local_actor(user), _subject(lines, pseudonym, kind), case=case, dry_run=dry_run)

    def said(document: dict[str, Any]) -> list[str]:
        if document["status"] == "would_erase":
            rows = ", ".join(f"{table} {count}" for table, count in document["rows"].items())
            return [f"would erase {document['person']}: {rows}; identity: {', '.join(document['identity_fields'])}", *_still_named(document)]
        rows = ", ".join(f"{table} {count}" for table, count in document["removed"]["warehouse_rows"].items())
        proof = document["proof"]
        return [
            f"erased: {rows}; data key shredded; {document['kept']['tombstones']} identifiers kept out",
            f"proof: {proof['rows_left']} rows left in {proof['warehouse_columns_searched']} columns, ledger verifies: {proof['ledger_verifies']}",
            *(f"still named in the store table {table} (this is a defect: report it)" for table in proof["store_tables_that_name_the_person"]),
            *_still_named(document),
            f"certificate certificates/erasure-{document['certificate']}.json sha256 {document['sha256']}",
        ]

    return _finish(done, as_json=as_json, said=said)


def _still_named(document: dict[str, Any]) -> list[str]:
    """What the company's extracts still say, by file."""
    found = document["extracts"]
    told = [f"still in the extract {item['file']}: {item['lines']} lines with an identifier, {item['lines_with_the_name_only']} with the name only" for item in found["files"]]
    told += [f"could not be searched: {name}" for name in found["not_read"]]
    return [*told, f"{found['searched']} extracts searched; they are the company's and stay; the person is kept out of every load of them"]
