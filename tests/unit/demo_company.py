"""Reads the demo company's files as an outsider would: by the documented names, encodings and formats, never by its code."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from wenshu.demo import build

DOCTOR_FILES = (
    "crm_hcp",
    "crm_assignments",
    "crm_visits",
    "wechat_messages",
    "webinar_attendance",
    "congress_attendance",
    "email_events",
    "call_center",
    "survey_responses",
    "consents",
    "experiment_assignments",
)
OTHER_FILES = ("content", "hospitals", "reps", "sales_hospital_month", "targets", "spend")
ENCODINGS = {"congress_attendance": "gb18030", "webinar_attendance": "utf-8-sig"}


@dataclass(frozen=True)
class Company:
    folder: Path
    today: date

    def read(self, name: str) -> pd.DataFrame:
        """All columns as text; `person` is the truth of each row where the file carries doctors."""
        return _read(self.folder, name).copy()

    def truth(self) -> pd.DataFrame:
        return _truth(self.folder)

    def records(self) -> pd.DataFrame:
        """One CRM record a doctor (the one updated last), indexed by the true person, with the hospital's place."""
        hcp = self.read("crm_hcp").sort_values("updated_at").groupby("person").tail(1)
        places = self.read("hospitals")[["hospital_code", "region", "province", "city", "city_tier", "level"]]
        return hcp.merge(places, on="hospital_code", how="left").set_index("person")

    def touches(self) -> pd.DataFrame:
        """person, at, channel, delivered, opened: one row a touch, recomputed from the raw files."""
        return _touches(self)


_KEPT: list[TemporaryDirectory[str]] = []


@cache
def company(seed: int = 11, today: date = date(2026, 11, 22), scale: float = 0.1) -> Company:
    _KEPT.append(TemporaryDirectory(prefix="demo-company-"))
    folder = Path(_KEPT[-1].name)
    build(folder, seed=seed, today=today, scale=scale)
    return Company(folder, today)


@cache
def _read(folder: Path, name: str) -> pd.DataFrame:
    path = folder / "extracts" / f"{name}.csv"
    frame = pd.read_csv(path, dtype=str, keep_default_na=False, encoding=ENCODINGS.get(name, "utf-8"))
    truth = _truth(folder)
    mine = truth[truth.source == path.name]
    if len(mine):
        assert mine.row.astype(int).tolist() == list(range(1, len(frame) + 1))
        frame["person"] = mine.true_hcp_id.to_numpy()
    return frame


@cache
def _truth(folder: Path) -> pd.DataFrame:
    return pd.read_csv(folder / "truth" / "doctors.csv", dtype=str)


@cache
def _touches(demo: Company) -> pd.DataFrame:
    visits = demo.read("crm_visits").drop_duplicates("visit_id")
    wechat = demo.read("wechat_messages")
    webinar = demo.read("webinar_attendance")
    congress = demo.read("congress_attendance")
    calls = demo.read("call_center")
    mails = demo.read("email_events")
    mails["at"] = pd.to_datetime(mails.event_time).dt.tz_convert("Asia/Shanghai").dt.tz_localize(None)
    sent = mails[mails.event == "sent"].set_index("message_id")
    kinds = {kind: set(mails.message_id[mails.event == kind]) for kind in ("delivered", "open")}
    parts = [
        pd.DataFrame(
            {
                "person": visits.person,
                "at": pd.to_datetime(visits.start_time, format="%Y/%m/%d %H:%M", errors="coerce"),
                "channel": visits.visit_type,
                "delivered": visits.status == "HELD",
            }
        ),
        pd.DataFrame(
            {
                "person": wechat.person,
                "at": pd.to_datetime(wechat.sent_ms.astype("int64"), unit="ms") + pd.Timedelta(hours=8),
                "channel": "WECHAT",
                "delivered": wechat.delivered == "1",
                "opened": wechat.opened == "1",
            }
        ),
        pd.DataFrame(
            {
                "person": webinar.person,
                "at": pd.to_datetime(webinar["会议开始时间"]),
                "channel": "WEBINAR",
                "delivered": webinar["加入时间"] != "",
            }
        ),
        pd.DataFrame(
            {
                "person": congress.person,
                "at": pd.to_datetime(congress["签到时间"], format="%Y年%m月%d日 %H:%M"),
                "channel": "CONGRESS",
                "delivered": congress["到会"] == "是",
            }
        ),
        pd.DataFrame(
            {
                "person": sent.person.to_numpy(),
                "at": sent["at"].to_numpy(),
                "channel": "EMAIL",
                "delivered": sent.index.isin(list(kinds["delivered"])),
                "opened": sent.index.isin(list(kinds["open"])),
            }
        ),
        pd.DataFrame(
            {
                "person": calls.person,
                "at": pd.to_datetime(calls.call_time, format="%Y%m%d%H%M%S"),
                "channel": "CALL",
                "delivered": calls.result_code.isin(["C1", "C2"]),
            }
        ),
    ]
    everything = pd.concat(parts, ignore_index=True)
    everything["opened"] = everything["opened"].fillna(False).astype(bool)
    return everything


def plain_mobile(typed: str) -> str:
    """The 11 digits of a typed mobile number, or nothing."""
    digits = re.sub(r"\D", "", unicodedata.normalize("NFKC", typed))
    match = re.fullmatch(r"(?:0086|86)?(1[3-9]\d{9})", digits)
    return match[1] if match else ""
