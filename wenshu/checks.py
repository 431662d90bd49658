"""`wenshu check`: is this home fit to answer? Each check says what it found and how to mend it."""

from __future__ import annotations

import datetime as dt
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from governance.errors import WenshuError
from wenshu.home import Home, loose_permissions
from wenshu.print_fonts import embeddable
from wenshu.settings import Environment, now

FREE_BYTES = 200 * 1024 * 1024
EARLIEST = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """One check: what was looked at, whether it is fine, what was found, and how to mend it."""

    name: str
    ok: bool
    found: str
    mend: str = ""


def run_checks(home: Home, environment: Environment) -> list[CheckResult]:
    """Run every check; one that fails does not stop the others. Changes nothing."""
    if not home.exists():
        return [CheckResult(name="home", ok=False, found="there is no home here", mend="wenshu --home DIR init (or: init --demo)")]
    return [
        CheckResult(name="home", ok=True, found="made"),
        *_permissions(home),
        _guarded("keys", lambda: _keys(home), "restore <home>/keys from a backup: without them nothing can be signed, opened or linked"),
        _guarded("bundle", lambda: _bundle(home), "mend the file and line named above, or restore <home>/bundle from a backup"),
        _guarded("ledger", lambda: _ledger(home), "wenshu audit verify says which entry; restore from a backup and keep the broken one as evidence"),
        _guarded("warehouse", lambda: _warehouse(home), "wenshu ingest DIR loads data"),
        _guarded("accounts", lambda: _accounts(home), "restore accounts.db from a backup"),
        _guarded("handed on", lambda: _handed_on(home), "set its mailbox in <home>/mailboxes.yaml and run: wenshu handed-on deliver; or read it out: wenshu handed-on show REFERENCE"),
        _clock(environment),
        _disk(home),
        _fonts(),
    ]


def _guarded(name: str, look: Callable[[], str], mend: str) -> CheckResult:
    from audit import AuditError

    try:
        return CheckResult(name=name, ok=True, found=look())
    except (WenshuError, AuditError, OSError) as error:
        return CheckResult(name=name, ok=False, found=str(error), mend=mend)


def _permissions(home: Home) -> Iterator[CheckResult]:
    private = [home.root, home.keys, *sorted(home.keys.glob("*")), home.vault, home.root / "ledger.db", home.accounts, home.conversations, home.warehouse]
    loose = [path for path in private if path.exists() and loose_permissions(path)]
    names = ", ".join(str(path.relative_to(home.root.parent)) for path in loose)
    yield CheckResult(
        name="permissions",
        ok=not loose,
        found=f"others can reach {names}" if loose else "only the owner can read keys and stores",
        mend=f"chmod go-rwx {names}" if loose else "",
    )


def _keys(home: Home) -> str:
    from audit.keys import load_key
    from governance.identity.keys import KeyRing
    from wenshu.identities import key_source, read_settings
    from wenshu.marker import read_marker
    from wenshu.settings import key_secrets
    from wenshu.setup import SECRET_BYTES

    load_key(home.ledger_key, read_marker(home).origin)
    if not home.session_key.is_file() or home.session_key.stat().st_size < SECRET_BYTES:
        raise WenshuError("session.key is missing or cut short")
    if not home.vault.exists():
        return "the ledger's and the sessions' keys are there; identity keys come with the first load"
    KeyRing.of(key_source(home, read_settings(home), key_secrets()))
    return "all keys are there"


def _bundle(home: Home) -> str:
    from wenshu.validating import validate_alone

    problems = validate_alone(home.bundle)
    if problems:
        raise WenshuError("; ".join(str(problem) for problem in problems[:3]))
    from wenshu.standing import load_kept

    standing = home.standings.read()
    bundle = load_kept(home.standings, standing.version)
    since = f", activation {standing.seq}" if standing.seq else ", the founding bundle"
    return f"valid, version {bundle.version[:12]}{since}"


def _ledger(home: Home) -> str:
    from wenshu.marker import read_marker
    from wenshu.verifying import verify_home

    read_marker(home)
    report = verify_home(home)
    if not report.ok:
        raise WenshuError(report.summary())
    return report.summary()


def _warehouse(home: Home) -> str:
    from governance.warehouse.engine import Warehouse

    if not home.warehouse.exists():
        raise WenshuError("no data is loaded")
    warehouse = Warehouse.open(f"duckdb:///{home.warehouse}")
    try:
        return f"load {warehouse.data_version}, data as of {warehouse.data_as_of}"
    finally:
        warehouse.close()


def _handed_on(home: Home) -> str:
    from wenshu.handing_on import Outbox

    waiting = Outbox.open(home.root, home.keys, record=lambda *_: None, clock=now).waiting()
    if waiting:
        raise WenshuError(f"{len(waiting)} messages wait for their contact, the oldest since {waiting[0].handed_at}: {', '.join(m.reference for m in waiting[:5])}")
    return "nothing waits"


def _accounts(home: Home) -> str:
    from wenshu.accounts import Accounts

    return f"{len(Accounts.open(home.accounts).list())} accounts"


def _clock(environment: Environment) -> CheckResult:
    moment = now()
    ok = moment >= EARLIEST
    pinned = f"; the day is pinned to {environment.pinned_today} by WENSHU_TODAY" if environment.pinned_today else ""
    return CheckResult(name="clock", ok=ok, found=f"{moment:%Y-%m-%d %H:%M} UTC{pinned}", mend="" if ok else "set the machine's clock (systemd-timesyncd, chrony)")


def _disk(home: Home) -> CheckResult:
    free = shutil.disk_usage(home.root).free
    ok = free >= FREE_BYTES
    return CheckResult(name="disk", ok=ok, found=f"{free // 1_000_000} MB free", mend="" if ok else "free some space: without it the ledger stops, and with it every answer")


def _fonts() -> CheckResult:
    mend = "apt-get install fonts-noto-cjk (Chinese in pictures made on the server)"
    program = shutil.which("fc-list")
    if program is None:
        found = any(Path("/usr/share/fonts").rglob("*CJK*")) if Path("/usr/share/fonts").is_dir() else False
    else:
        listed = subprocess.run([program, ":lang=zh", "family"], capture_output=True, text=True, timeout=20, check=False)
        found = bool(listed.stdout.strip())
    # Pictures made on the server lack Chinese letters without it; pages use the reader's own fonts. So it is told, but is no failure.
    told = "Chinese fonts are there" if found else f"no Chinese font; {mend}"
    if not embeddable():
        told += "; a person's copy on paper is printed in the reader's own Chinese font: apt-get install fonts-wqy-microhei puts one into the file"
    return CheckResult(name="fonts", ok=True, found=told)
