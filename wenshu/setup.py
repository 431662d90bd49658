"""Making a home: keys, stores, the first policy bundle, and for the demo the invented company and its people.

Each part is made only where it is missing, and the marker is written last: an interrupted `init` is finished by the next one, a finished one is left alone.
"""

from __future__ import annotations

import datetime as dt
import os
import secrets
import shutil
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from zoneinfo import ZoneInfo

import yaml

from audit import Event, Ledger
from audit.keys import generate_key, load_key
from audit.place import Server
from governance.bundle.loading import Bundle, load_bundle
from governance.errors import ConfigurationError, WarehouseError
from wenshu.accounts import Accounts
from wenshu.conversations import Conversations
from wenshu.demo_accounts import DEMO_ACCOUNTS, DemoAccount
from wenshu.demo_stories import StoryClock, beginning, play
from wenshu.home import Home
from wenshu.settings import Environment, now

Tell = Callable[[str, float], None]
SECRET_BYTES = 32


def shipped_bundle() -> Path:
    """Return the folder of the bundle that comes with the product."""
    spec = find_spec("policies")
    folders = [Path(place) for place in (spec.submodule_search_locations if spec else None) or ()]
    found = next((folder for folder in folders if (folder / "bundle.yaml").is_file()), None)
    if found is None:
        raise ConfigurationError("The product's own policy bundle is missing; install it again.")
    return found


def _write_once(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _make_bundle(home: Home) -> Bundle:
    if not (home.founding_bundle / "bundle.yaml").is_file():
        half = home.root / "bundle.half"
        shutil.rmtree(half, ignore_errors=True)
        shutil.copytree(shipped_bundle(), half, ignore=shutil.ignore_patterns("__pycache__", "*.py", "*.pyc"))
        shutil.rmtree(home.founding_bundle, ignore_errors=True)
        half.rename(home.founding_bundle)
    return load_bundle(home.founding_bundle)


def open_ledger(
    home: Home, origin: str, timezone: str, *, create: bool = False, clock: Callable[[], dt.datetime] = now, owner: str | None = None
) -> Ledger:
    """Open the home's ledger for writing; raises AuditUnavailable with the reason where that can't be.

    `owner` is the URL of the tables' owner on a server, which may make them.
    """
    place = home.ledger
    return Ledger.open(
        Server(place.url, owner) if isinstance(place, Server) else place, key=load_key(home.ledger_key, origin), origin=origin, clock=clock, timezone=timezone, checkpoint=home.checkpoint, create=create
    )


def _make_ledger(home: Home, origin: str, timezone: str, clock: Callable[[], dt.datetime], owner: str | None) -> Ledger:
    if not home.ledger_key.exists():
        generate_key(home.ledger_key, origin)
    # Only a home that never had a ledger gets a new one: a lost database beside its checkpoint is evidence, not a fresh start.
    return open_ledger(home, origin, timezone, create=not home.has_ledger, clock=clock, owner=owner)


def initialise(
    home: Home, environment: Environment, *, demo: bool, seed: int, scale: float, today: dt.date | None, tell: Tell,
    ledger_url: str | None = None, ledger_owner_url: str | None = None,
) -> dict[str, str]:  # fmt: skip
    """Make what is missing of a home and return the one-time passwords of the accounts made now, by user.

    With `ledger_url` the ledger lies on that PostgreSQL server; `ledger_owner_url` is used to make its tables and is not kept.

    Raises ConfigurationError, BundleError, IngestError or AuditError; a later call goes on where this one stopped.
    """
    home.make_folders()
    origin = f"wenshu/{secrets.token_hex(8)}"
    draft = home.root / "origin"
    if draft.exists():
        origin = draft.read_text(encoding="utf-8").strip()
    else:
        _write_once(draft, origin.encode())
    tell("policy bundle 策略包", 0.02)
    bundle = _make_bundle(home)
    if not home.session_key.exists():
        _write_once(home.session_key, secrets.token_bytes(SECRET_BYTES))
    tell("ledger 审计账本", 0.04)
    if ledger_url and not home.has_ledger:
        home.ledger_url.unlink(missing_ok=True)
        _write_once(home.ledger_url, ledger_url.encode())
    timezone = bundle.settings.timezone
    day = today or environment.today(timezone)
    zone = ZoneInfo(timezone)
    begin = beginning(day, zone, now())
    # Stories are told only into a ledger that is as old as they are: its time never goes back.
    stories = demo and not home.has_ledger
    clock = StoryClock(now, begin)
    if not stories:
        clock.release()
    with _make_ledger(home, origin, timezone, clock, ledger_owner_url) as ledger:
        passwords: dict[str, str] = {}
        accounts = Accounts.open(home.accounts)
        Conversations.open(home.conversations, now)
        if demo:
            _make_company(home, bundle, day, seed=seed, scale=scale, tell=tell)
            tell("accounts 账号", 0.97)
            passwords = _make_accounts(home, accounts)
            if stories:
                tell("four weeks of questions 四周的提问", 0.98)
                play(home, bundle, ledger, clock, begin=begin)
        clock.release()
        marker = {"origin": origin, "demo": demo, "seed": seed if demo else None, "today": day.isoformat() if demo else None}
        ledger.append(Event(type="home.initialised", actor="local_admin", detail={"demo": demo, "bundle": bundle.version}))
        _write_once(home.marker, yaml.safe_dump(marker, allow_unicode=True, sort_keys=False).encode())
    draft.unlink(missing_ok=True)
    tell("done 完成", 1.0)
    return passwords


def _make_company(home: Home, bundle: Bundle, day: dt.date, *, seed: int, scale: float, tell: Tell) -> None:
    from wenshu.demo import build
    from wenshu.loading import ingest_folder

    if not (home.demo / "made").exists():
        shutil.rmtree(home.demo, ignore_errors=True)
        home.demo.mkdir(mode=0o700)
        build(home.demo, seed=seed, today=day, scale=scale, progress=lambda what, share: tell(what, 0.05 + 0.30 * share))
        (home.demo / "made").touch()
    if not home.warehouse.exists():
        ingest_folder(home, bundle, home.demo / "extracts", day=day, write_links=True, tell=lambda what, share: tell(what, 0.35 + 0.60 * share))


def _make_accounts(home: Home, accounts: Accounts) -> dict[str, str]:
    known = {account.id for account in accounts.list()}
    passwords = {}
    for item in DEMO_ACCOUNTS:
        if item.id not in known:
            accounts.add(item.id, role=item.role, department=item.department, name=item.name, attributes=_attributes(home, item))
        passwords[item.id] = accounts.one_time_password(item.id)
    return passwords


def _attributes(home: Home, item: DemoAccount) -> dict[str, str]:
    if item.region:
        return {"region": item.region}
    if item.representative_of:
        return {"rep": _representative(home, item.representative_of)}
    return {}


def _representative(home: Home, region: str) -> str:
    """Return the pseudonym of the region's representative with the most own doctors today."""
    import duckdb

    with duckdb.connect(str(home.warehouse), read_only=True) as db:
        found = db.execute(
            "SELECT r.rep_key FROM dim_rep r JOIN dim_assignment a USING (rep_key) "
            "WHERE r.region = ? AND a.valid_to IS NULL GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1",
            [region],
        ).fetchone()
    if found is None:
        raise WarehouseError(f"no representative of {region} has doctors")
    return str(found[0])
