"""A company with a small group that is surely there: the demo's warehouse, copied, with a few doctors of its largest province made the only ones of a specialty."""

from __future__ import annotations

import datetime as dt
import shutil
from dataclasses import dataclass
from pathlib import Path

import duckdb

from tests.soundness.attacks.player import Company, open_company

RARE, COMMON = "全科", "心内科"


@dataclass(frozen=True)
class Planted:
    """`company` has `count` doctors of `specialty` in `province`, all of them reached in the year, among hundreds or at least dozens of others there."""

    company: Company
    province: str
    specialty: str
    count: int
    file: Path


def plant(warehouse: Path, folder: Path, today: dt.date, *, count: int = 3) -> Planted:
    """Copy the warehouse into `folder` and plant the group."""
    file = folder / "planted.duckdb"
    shutil.copyfile(warehouse, file)
    with duckdb.connect(str(file)) as store:
        row = store.execute("select province from dim_hcp where province is not null group by 1 order by count(*) desc, 1 limit 1").fetchone()
        assert row is not None
        province = str(row[0])
        reached = "select hcp_key from fct_touch where delivered and occurred_at >= ? and occurred_at < ?"
        chosen = [
            key
            for (key,) in store.execute(
                f"select hcp_key from dim_hcp where province = ? and hcp_key in ({reached}) order by hcp_key limit {count}",
                [province, dt.date(today.year, 1, 1), dt.date(today.year, 11, 1)],
            ).fetchall()
        ]
        assert len(chosen) == count
        store.execute("update dim_hcp set specialty = ? where province = ? and specialty = ?", [COMMON, province, RARE])
        store.execute("update dim_hcp set specialty = ? where hcp_key in (select unnest(?))", [RARE, chosen])
        others = store.execute("select count(*) from dim_hcp where province = ? and specialty <> ?", [province, RARE]).fetchone()
        assert others is not None
        assert others[0] >= 50
    return Planted(company=open_company(file, today), province=province, specialty=RARE, count=count, file=file)
