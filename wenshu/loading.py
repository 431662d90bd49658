"""Loading extracts into a home: its keys, its bundle's mappings, its day."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

from governance.bundle.loading import Bundle
from governance.inforce import catalogue_of, policy_of
from governance.ingest import LoadReport, Places, ingest
from wenshu.home import Home
from wenshu.identities import open_ring
from wenshu.settings import now

TRUTH = "truth/doctors.csv"
_LAST_MOMENT = dt.time(23, 59, 59)


def ingest_folder(
    home: Home, bundle: Bundle, folder: Path | str, *, day: dt.date, tell: Callable[[str, float], None], dry_run: bool = False, write_links: bool = False, unless_unchanged: bool = False
) -> LoadReport:
    """Ingest `folder` as of `day`. Raises IngestError, BundleError or ConfigurationError; the old warehouse stays as it was then.

    With `unless_unchanged` a load that would come out like the one that stands isn't made. Where the folder is the demo company's, the linking is scored against its truth.
    """
    zone = ZoneInfo(bundle.settings.timezone)
    local = now().astimezone(zone)
    moment = local if local.date() == day else dt.datetime.combine(day, _LAST_MOMENT, zone)
    policy = policy_of(bundle, catalogue_of(bundle))
    truth = None if "://" in str(folder) else Path(folder).parent / TRUTH
    return ingest(
        folder,
        bundle_folder=bundle.folder,
        places=Places(home=home.root),
        keys=open_ring(home),
        now=moment,
        random=os.urandom,
        largest_minimum_group=policy.largest_group(),
        tenant=bundle.settings.name,
        dry_run=dry_run,
        write_links=write_links,
        truth=truth if truth is not None and truth.is_file() else None,
        progress=tell,
        unless_unchanged=unless_unchanged,
    )
