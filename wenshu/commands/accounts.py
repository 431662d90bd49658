"""`user`: accounts."""

from __future__ import annotations

import click

from wenshu.commands.common import DONE, Context, emit, json_option, pass_context, print_table


@click.group()
def user() -> None:
    """Accounts: list, add, one-time passwords, tokens."""


@user.command("list")
@json_option
@pass_context
def list_users(context: Context, *, as_json: bool) -> int:
    """List the accounts."""
    from wenshu.accounts import Accounts

    accounts = Accounts.open(context.home.require().accounts).list()
    if as_json:
        emit(
            [
                {"user": a.id, "role": a.role, "department": a.department, "name": {"zh": a.name.zh, "en": a.name.en}, "attributes": dict(a.attributes), "disabled": a.disabled}
                for a in accounts
            ]
        )
    else:
        print_table(["user", "role", "department", "name", "state"], [[a.id, a.role, a.department, a.name.zh, _state(a)] for a in accounts])
        click.echo(f"{len(accounts)} accounts")
    return DONE


def _state(account: object) -> str:
    if getattr(account, "disabled", False):
        return "disabled"
    return "one-time password" if getattr(account, "must_change", False) else "active"


@user.command()
@click.argument("user_id", metavar="USER")
@click.option("--role", required=True)
@click.option("--name", required=True, help="The name to show.")
@click.option("--attribute", "attributes", multiple=True, metavar="KEY=VALUE", help="What row scopes refer to, such as region=华东.")
@json_option
@pass_context
def add(context: Context, *, user_id: str, role: str, name: str, attributes: tuple[str, ...], as_json: bool) -> int:
    """Add an account and print its one-time password, once."""
    from governance.errors import ConfigurationError, nearest
    from governance.terms import Text
    from wenshu.accounts import Accounts

    given = dict(item.partition("=")[::2] for item in attributes)
    if any(not key or not value for key, value in given.items()):
        raise ConfigurationError("--attribute is written KEY=VALUE, such as region=华东.")
    with context.service() as service:
        roles = service.roles()
        if role not in roles:
            raise ConfigurationError(f"unknown role {role!r}.{nearest(role, roles)} Known: {', '.join(sorted(roles))}.")
        accounts = Accounts.open(context.home.accounts)
        accounts.add(user_id, role=role, department=roles[role], name=Text(zh=name, en=name), attributes=given)
        word = accounts.one_time_password(user_id)
        service.record_administration("account.added", {"user": user_id, "role": role})
    return _print_secret(user_id, "one_time_password", word, as_json=as_json)


def _print_secret(user_id: str, kind: str, secret: str, *, as_json: bool) -> int:
    if as_json:
        emit({"user": user_id, kind: secret})
    else:
        click.echo(secret)
    return DONE


@user.command()
@click.argument("user_id", metavar="USER")
@json_option
@pass_context
def password(context: Context, *, user_id: str, as_json: bool) -> int:
    """Print a new one-time password, once; the user's sessions end."""
    from wenshu.accounts import Accounts

    accounts = Accounts.open(context.home.require().accounts)
    accounts.get(user_id)
    with context.service() as service:
        service.record_administration("account.password_reset", {"user": user_id})
    return _print_secret(user_id, "one_time_password", accounts.one_time_password(user_id), as_json=as_json)


@user.command()
@click.argument("user_id", metavar="USER")
@json_option
@pass_context
def token(context: Context, *, user_id: str, as_json: bool) -> int:
    """Print a new bearer token, once."""
    from wenshu.accounts import Accounts

    accounts = Accounts.open(context.home.require().accounts)
    accounts.get(user_id)
    with context.service() as service:
        service.record_administration("account.token", {"user": user_id})
    return _print_secret(user_id, "token", accounts.token(user_id), as_json=as_json)
