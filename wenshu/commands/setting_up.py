"""`init`, `serve`, `check`."""

from __future__ import annotations

import dataclasses

import click

from wenshu.commands.common import DONE, FAILED, Context, Progress, emit, json_option, pass_context, print_table, tell
from wenshu.settings import DEFAULT_HOST, DEFAULT_PORT, parse_day


@click.command()
@click.option("--demo", is_flag=True, help="With the invented company 康衡医药: its extracts, their ingest, its people.")
@click.option("--seed", type=int, default=1, show_default=True, help="The demo company is the same for the same seed.")
@click.option("--scale", type=click.FloatRange(0.005, 100), default=1.0, show_default=True, help="Multiplies doctors and touches.")
@click.option("--today", metavar="D", help="The day on which the demo's history ends (default: today).")
@click.option("--ledger-url", metavar="URL", envvar="WENSHU_LEDGER_URL", help="Keep the ledger on PostgreSQL (postgresql+psycopg://role:password@host/database), not in a file.")
@click.option("--ledger-owner-url", metavar="URL", envvar="WENSHU_LEDGER_OWNER_URL", help="Whose tables they are; makes them, lets the role of --ledger-url insert and read alone, and is not kept.")
@json_option
@pass_context
def init(
    context: Context, *, demo: bool, seed: int, scale: float, today: str | None, ledger_url: str | None, ledger_owner_url: str | None, as_json: bool
) -> int:
    """Make a home: keys, stores, the first policy bundle. Running it twice changes nothing."""
    from wenshu.marker import read_marker
    from wenshu.setup import initialise

    home = context.home
    if home.exists():
        marker = read_marker(home)
        message = "This home exists already; nothing was changed."
        if demo and not marker.demo:
            message += " It was made without the demo company; choose another home for that."
        tell(message)
        if as_json:
            emit({"created": False, "demo": marker.demo, "accounts": []})
        return DONE
    progress = Progress()
    day = parse_day(today, "--today") if today else None
    passwords = initialise(
        home, context.environment, demo=demo, seed=seed, scale=scale, today=day, tell=progress, ledger_url=ledger_url, ledger_owner_url=ledger_owner_url
    )
    progress.end()
    if as_json:
        emit({"created": True, "demo": demo, "accounts": [{"user": user, "one_time_password": word} for user, word in passwords.items()]})
        return DONE
    click.echo(f"Wenshu's home is ready: {home.root.name}")
    if not demo:
        click.echo("Next: add people with `wenshu user add`, data with `wenshu ingest DIR`, then `wenshu serve`.")
    return DONE


@click.command()
@click.option("--host", default=DEFAULT_HOST, show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), default=DEFAULT_PORT, show_default=True)
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True)
@click.option("--behind-proxy", type=click.IntRange(0, 5), default=0, metavar="N", help="TLS ends at N trusted proxies in front: secure cookies, client addresses from their headers.")
@click.option("--show-demo-accounts", is_flag=True, help="Print new one-time passwords of demo accounts that nobody has used yet.")
@pass_context
def serve(context: Context, *, host: str, port: int, workers: int, behind_proxy: int, show_demo_accounts: bool) -> int:
    """Run the web service."""
    from wenshu.marker import read_marker
    from wenshu.web.server import run

    home = context.home.require()
    if show_demo_accounts and read_marker(home).demo:
        _show_demo_accounts(context)
    run(home.root, pinned_today=context.environment.pinned_today, host=host, port=port, workers=workers, secure_cookies=behind_proxy > 0, trusted_proxies=behind_proxy)
    return DONE


def _show_demo_accounts(context: Context) -> None:
    from wenshu.accounts import Accounts
    from wenshu.demo_accounts import DEMO_ACCOUNTS

    accounts = Accounts.open(context.home.accounts)
    known = {account.id: account for account in accounts.list()}
    rows = []
    for item in DEMO_ACCOUNTS:
        account = known.get(item.id)
        if account is None or account.disabled:
            continue
        word = accounts.one_time_password(item.id) if account.must_change else "(already changed: wenshu user password …)"
        rows.append([item.id, f"{item.name.zh} · {item.name.en}", word])
    click.echo("Demo accounts 演示账号; a one-time password is changed at the first sign-in:")
    print_table(["user", "", "one-time password"], rows)


@click.command()
@json_option
@pass_context
def check(context: Context, *, as_json: bool) -> int:
    """Check keys, permissions, stores, clock, ledger and fonts; say how to mend each."""
    from wenshu.checks import run_checks

    results = run_checks(context.home, context.environment)
    if as_json:
        emit({"ok": all(item.ok for item in results), "checks": [dataclasses.asdict(item) for item in results]})
    else:
        for item in results:
            click.echo(f"{'ok  ' if item.ok else 'FAIL'}  {item.name}: {item.found}" + ("" if item.ok else f"\n      {item.mend}"))
    return DONE if all(item.ok for item in results) else FAILED
