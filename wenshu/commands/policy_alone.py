"""`policy schema|validate|test`: a bundle looked at by itself; no home is needed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from wenshu.commands.common import DONE, FAILED, Context, emit, json_option, pass_context


@click.command()
@click.option("--out", type=click.Path(path_type=Path), help="Write one schema file a document kind into this folder.")
def schema(out: Path | None) -> int:
    """Print the JSON Schema of the bundle's documents."""
    import json

    from governance.bundle.loading import json_schemas

    schemas = json_schemas()
    if out is None:
        emit(schemas)
        return DONE
    out.mkdir(parents=True, exist_ok=True)
    for name, document in schemas.items():
        (out / f"{name}.schema.json").write_text(json.dumps(document, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return DONE


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@json_option
@pass_context
def validate(context: Context, *, folder: Path, as_json: bool) -> int:
    """Check a bundle by itself: schema, names, rules, the red line, the firewall. The warehouse is not asked (see `metrics validate`)."""
    from wenshu.settings import now
    from wenshu.validating import look_over

    found = look_over(folder, today=context.environment.pinned_today or now().date())
    if as_json:
        emit(
            {
                "ok": not found.problems,
                "problems": [{"where": item.where, "message": item.message} for item in found.problems],
                "warnings": [{"where": item.where, "message": item.message} for item in found.warnings],
            }
        )
    else:
        for item in found.problems:
            click.echo(str(item))
        for item in found.warnings:
            click.echo(f"{item} (warning)")
        click.echo("The bundle is valid." if not found.problems else f"{len(found.problems)} problems.")
    return FAILED if found.problems else DONE


@click.command("test")
@click.argument("folder", metavar="[DIR]", required=False, type=click.Path(path_type=Path))
@json_option
@pass_context
def test_policy(context: Context, *, folder: Path | None, as_json: bool) -> int:
    """Run the policy cases of a bundle (default: the one in force), and break every rule in turn: some case must notice."""
    from governance.bundle.trees import read_tree
    from wenshu.committee.candidates import candidate_in
    from wenshu.committee.cases import run_cases

    place = folder if folder is not None else context.home.require().bundle
    candidate = candidate_in(place, read_tree(place))
    verdict = run_cases(candidate, today=context.environment.today(candidate.bundle.settings.timezone))
    if as_json:
        emit(verdict)
    else:
        _print_cases(verdict)
    return DONE if verdict["ok"] else FAILED


def _print_cases(verdict: Mapping[str, Any]) -> None:
    for failure in verdict["failures"]:
        click.echo(f"{failure['where']}: {failure['id']}: {'; '.join(text['en'] for text in failure['why'])}")
    for mutant in verdict["unnoticed"]:
        click.echo(f"{mutant['where']}: no case notices: {mutant['text']['en']}")
    noticed = verdict["mutants"] - len(verdict["unnoticed"])
    click.echo(f"{verdict['passed']} of {verdict['cases']} cases pass; {noticed} of {verdict['mutants']} ways to break a rule are noticed.")
    if verdict["untested"]:
        click.echo(f"Untested rules: {', '.join(verdict['untested'])}")
