"""The console script `wenshu` (contracts.md section 1). Heavy libraries are imported where they are used, so that `--help` is instant."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

import click

from wenshu.commands.common import REFUSED, USAGE, Context
from wenshu.settings import read_environment

_COMMANDS = {
    "init": "setting_up",
    "serve": "setting_up",
    "ingest": "ingesting",
    "check": "setting_up",
    "ask": "asking",
    "query": "asking",
    "evaluate": "asking",
    "metrics": "catalogue",
    "policy": "policy",
    "audit": "auditing",
    "witness": "witnessing",
    "handed-on": "handing_on",
    "user": "accounts",
    "identity": "identity",
    "subject": "subject",
    "keys": "keys",
    "retention": "retention",
}


class _Lazy(click.Group):
    """Loads a command's module when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        module = _COMMANDS.get(cmd_name)
        if module is None:
            return None
        found = getattr(import_module(f"wenshu.commands.{module}"), cmd_name.replace("-", "_"))
        return found if isinstance(found, click.Command) else None

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from governance.errors import nearest

            raise click.UsageError(f"{error.message}{nearest(args[0], _COMMANDS)}", ctx) from error


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--home", metavar="DIR", help="The home folder (default: $WENSHU_HOME, else ./wenshu-home).")
@click.version_option(package_name="wenshu")
@click.pass_context
def root(context: click.Context, home: str | None) -> None:
    """Wenshu 问数: approved numbers from questions in Chinese and English, lawfully, with proof."""
    context.obj = Context(read_environment(home))


def main(arguments: list[str] | None = None) -> None:
    """Run a command and exit: 0 done, 1 a check failed, 2 usage or configuration, 3 clarify, 4 refused, 5 not understood."""
    from governance.errors import WenshuError
    from wenshu.memory import seal

    seal()
    try:
        result: Any = root.main(args=arguments, prog_name="wenshu", standalone_mode=False)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except click.Abort:
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(USAGE)
    except WenshuError as error:
        click.echo(f"wenshu: {error}", err=True)
        sys.exit(USAGE)
    except BrokenPipeError:
        sys.exit(0)
    except Exception as error:
        from audit import AuditError, AuditUnavailable

        if not isinstance(error, AuditError):
            raise
        if not isinstance(error, AuditUnavailable):
            click.echo(f"wenshu: {error}", err=True)
            sys.exit(USAGE)
        # No audit, no answer.
        click.echo(f"wenshu: audit_unavailable: {error}", err=True)
        sys.exit(REFUSED)
    sys.exit(result if isinstance(result, int) else 0)
