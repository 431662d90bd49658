"""`ask`, `query`, `evaluate`."""

from __future__ import annotations

import json
import re
import secrets
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import yaml

from wenshu.commands.common import DONE, FAILED, STATUS_OF_ANSWER, Context, emit, json_option, pass_context, tell

if TYPE_CHECKING:
    from nlq.answers.answer import Answer

NEW = "new"
_CONVERSATION = re.compile(r"[A-Za-z0-9_-]{1,64}")


def _conversation(given: str | None) -> str | None:
    """Return the id to go on with; `new` makes one and says it, since the next question needs it."""
    if given is None:
        return None
    if given == NEW:
        made = secrets.token_hex(8)
        tell(f"conversation {made}")
        return made
    if not _CONVERSATION.fullmatch(given):
        raise click.UsageError("--conversation takes 1 to 64 letters, digits, - and _, or `new`, which makes an id and prints it.")
    return given


def _print_answer(service: Any, answer: Answer) -> None:
    """Print an answer for people: the sentence, the table, then what it rests on."""
    from wenshu.commands.common import print_table

    document = answer.to_json()
    click.echo(document["explanation"]["summary"])
    if document["status"] == "answered" and document["rows"]:
        shown = service.display(answer)
        click.echo()
        headers = [f"{column.label} ({column.unit})" if column.unit else column.label for column in shown.columns]
        print_table(headers, [[cell.text for cell in row] for row in shown.rows], right=[column.numeric for column in shown.columns])
    if document["status"] == "clarify":
        for option in document["clarify"]["options"]:
            click.echo(f"  · {option['label']}")
    if document["status"] == "refused":
        for item in document["refusal"]["you_may"]:
            click.echo(f"  · {item}")
    if document["status"] == "not_understood":
        for item in document["suggestions"]:
            click.echo(f"  · {item}")
    explanation = document["explanation"]
    click.echo()
    for line in (explanation["period"], *explanation["filters"], *explanation["policy"], *explanation["assumptions"]):
        if line:
            tell(f"  {line}")
    for metric in explanation["metrics"]:
        tell(f"  {metric['id']}: {metric['definition']} ({metric['version']}, {metric['owner']})")
    if document["receipt"]:
        tell(f"  receipt #{document['receipt']['index']} {document['receipt']['event']}")


def _finish(service: Any, answer: Answer, *, as_json: bool) -> int:
    if as_json:
        emit(answer.to_json())
    else:
        _print_answer(service, answer)
    return STATUS_OF_ANSWER[answer.status]


def _print_dry_run(document: dict[str, Any], *, as_json: bool) -> int:
    if as_json:
        emit(document)
    else:
        click.echo(yaml.safe_dump({"query": document["query"], "decision": document["decision"]}, allow_unicode=True, sort_keys=False))
        for part in (document["plan"], *document["sql"]):
            click.echo(part)
            click.echo()
    return STATUS_OF_ANSWER[document["status"]]


@click.command()
@click.argument("question")
@click.option("--as", "user", metavar="USER", required=True, help="Whose rights apply; recorded as a local administrator's act.")
@click.option("--purpose", metavar="P", help="Why the question is asked (default: the role's first purpose).")
@click.option("--case", metavar="C", help="The case that it is asked for; recorded.")
@click.option("--conversation", metavar="ID", help="Go on with a conversation; `new` begins one.")
@click.option("--dry-run", is_flag=True, help="Stop after the decision; print the query, the decision and the SQL.")
@json_option
@pass_context
def ask(
    context: Context, *, question: str, user: str, purpose: str | None, case: str | None, conversation: str | None, dry_run: bool, as_json: bool
) -> int:
    """Ask a question in Chinese or English."""
    conversation = _conversation(conversation)
    with context.service() as service:
        actor = service.local_actor(user)
        if dry_run:
            return _print_dry_run(service.dry_run_question(actor, question, purpose=purpose, conversation=conversation), as_json=as_json)
        return _finish(service, service.ask(actor, question, purpose=purpose, conversation=conversation, surface="cli", case=case), as_json=as_json)


@click.command()
@click.argument("file", metavar="FILE|-")
@click.option("--as", "user", metavar="USER", required=True)
@click.option("--purpose", metavar="P")
@click.option("--case", metavar="C", help="The case that it is asked for; recorded.")
@click.option("--dry-run", is_flag=True)
@json_option
@pass_context
def query(context: Context, *, file: str, user: str, purpose: str | None, case: str | None, dry_run: bool, as_json: bool) -> int:
    """Run a MetricQuery from a YAML or JSON file, or from standard input."""
    document = _read_query(file)
    with context.service() as service:
        actor = service.local_actor(user)
        if dry_run:
            return _print_dry_run(service.dry_run_query(actor, document, purpose=purpose), as_json=as_json)
        return _finish(service, service.query(actor, document, purpose=purpose, surface="cli", case=case), as_json=as_json)


def _read_query(file: str) -> dict[str, Any]:
    from governance.errors import InvalidQuery

    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidQuery(f"{file} can't be read ({type(error).__name__}).") from error
    try:
        document = json.loads(text) if text.lstrip().startswith("{") else yaml.safe_load(text)
    except (ValueError, yaml.YAMLError, RecursionError) as error:
        where = getattr(error, "problem_mark", None)
        line = getattr(error, "lineno", None) or (where.line + 1 if where else 1)
        raise InvalidQuery(f"{file}:{line}: is neither JSON nor YAML.") from error
    if not isinstance(document, dict):
        raise InvalidQuery(f"{file}: a MetricQuery is a mapping with `metrics`.")
    return document


@click.command()
@click.argument("cases", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--min-accuracy", type=click.FloatRange(0, 1), help="Exit with 1 below this overall accuracy.")
@click.option("--bundle", type=click.Path(path_type=Path), help="Another bundle, together with --warehouse.")
@click.option("--warehouse", metavar="URL", help="SQLAlchemy URL of another warehouse, together with --bundle.")
@json_option
@pass_context
def evaluate(
    context: Context, *, cases: tuple[Path, ...], min_accuracy: float | None, bundle: Path | None, warehouse: str | None, as_json: bool
) -> int:
    """Score questions against expected queries by comparing result tables."""
    from wenshu.evaluating import evaluate_cases

    if (bundle is None) != (warehouse is None):
        raise click.UsageError("--bundle and --warehouse are given together")
    result = evaluate_cases(context, list(cases), bundle=bundle, warehouse=warehouse)
    if as_json:
        emit(result)
    else:
        accuracy = ", ".join(f"{name} {share:.1%}" for name, share in result["accuracy"].items() if share is not None)
        click.echo(f"{result['cases']} cases; accuracy: {accuracy}; answered but wrong {result['answered_but_wrong']:.1%}")
        click.echo(f"understanding: {result['understand_ms']}")
        for failure in result["failures"]:
            click.echo(f"  {failure['id']}: {failure['ask']}\n    {failure['why']}")
    return FAILED if min_accuracy is not None and (result["accuracy"]["overall"] or 0) < min_accuracy else DONE
