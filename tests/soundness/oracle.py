"""A brute-force oracle of the demo's metrics in plain Python and pandas, read off domain.md; it shares no code with the planner.

It takes the rows of the star schema as mappings, filters and groups them one by one in the most literal way, and answers a MetricQuery in JSON form
with `{(period, *group): {column: value}}`. Slow on purpose.
"""

from __future__ import annotations

import calendar as month_lengths
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

import pandas as pd

UNKNOWN = "未知"
DOCTOR = ("region", "province", "city", "city_tier", "specialty", "title", "segment", "potential")
PLACE = ("region", "province", "city", "city_tier", "hospital_level")
WEEKDAYS = ("周一", "周二", "周三", "周四", "周五", "周六", "周日")
Row = dict[str, Any]


def day_of(moment: Any) -> date:
    return moment.date() if isinstance(moment, datetime) else moment


def midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day)


class Oracle:
    """One warehouse, one day, one caller: `region` is the row scope (None: everything), `purpose` the consent purpose (None: ignored)."""

    def __init__(self, tables: Mapping[str, Iterable[Row]], today: date, *, purpose: str | None = None, region: str | None = None) -> None:
        self.t = {name: [dict(row) for row in rows] for name, rows in tables.items()}
        self.today = today
        self.region = region
        self.hospitals = {row["hospital_key"]: row for row in self.t["dim_hospital"]}
        self.doctors = {row["hcp_key"]: row for row in self.t["dim_hcp"]}
        self.reps = {row["rep_key"]: row for row in self.t["dim_rep"]}
        self.contents = {row["content_key"]: row for row in self.t["dim_content"]}
        self.purpose = purpose
        self.gone = self._withdrawn(purpose) if purpose else set()

    def _withdrawn(self, purpose: str) -> set[str]:
        frame = pd.DataFrame(self.t["fct_consent"], columns=["hcp_key", "purpose", "granted_at", "withdrawn_at", "effective_at"])
        out = set()
        for key, rows in frame[frame["purpose"] == purpose].groupby("hcp_key"):
            in_effect = [r.withdrawn_at for r in rows.itertuples() if not pd.isna(r.effective_at) and r.effective_at <= pd.Timestamp(self.today)]
            grants = [r.granted_at for r in rows.itertuples() if not pd.isna(r.granted_at) and r.granted_at < pd.Timestamp(self.today + timedelta(days=1))]
            if in_effect and not any(grant > max(in_effect) for grant in grants):
                out.add(key)
        return out

    # ------------------------------------------------------------------ what a row's dimensions are

    def _doctor(self, key: Any, name: str) -> Any:
        doctor = self.doctors.get(key)
        if doctor is None:
            return UNKNOWN
        if name == "is_target":
            return "是" if doctor["is_target"] else "否"
        if name in {"hospital", "hospital_level"}:
            hospital = self.hospitals.get(doctor["hospital_key"])
            return ((hospital or {}).get("hospital_name" if name == "hospital" else name)) or UNKNOWN
        return doctor.get(name) or UNKNOWN

    def _touch(self, row: Row, name: str) -> Any:
        if name in {"channel", "product", "campaign"}:
            return row[name] or UNKNOWN
        if name == "channel_type":
            return UNKNOWN if row["channel"] is None else "线下" if row["channel"] in {"面对面拜访", "学术会议"} else "线上"
        if name == "weekday":
            return WEEKDAYS[row["occurred_at"].weekday()]
        if name == "hour":
            return row["occurred_at"].hour
        if name in {"topic", "content_type"}:
            return (self.contents.get(row["content_key"]) or {}).get(name) or UNKNOWN
        if name in {"team", "territory"}:
            return (self.reps.get(row["rep_key"]) or {}).get(name) or UNKNOWN
        if name == "rep":
            return row["rep_key"] if row["rep_key"] in self.reps else UNKNOWN
        return self._doctor(row["hcp_key"], name)

    def _own(self, row: Row, name: str) -> Any:
        """Survey, stage, experiment, consent: their own columns, else the doctor's."""
        if name in row and name != "region":
            return row[name] or UNKNOWN
        return self._doctor(row["hcp_key"], name)

    def _sale(self, row: Row, name: str) -> Any:
        if name == "product":
            return row["product"] or UNKNOWN
        hospital = self.hospitals.get(row["hospital_key"]) or {}
        return hospital.get("hospital_name" if name == "hospital" else name) or UNKNOWN

    def _plain(self, row: Row, name: str) -> Any:
        if name == "channel_type":
            return UNKNOWN if row["channel"] is None else "线下" if row["channel"] in {"面对面拜访", "学术会议"} else "线上"
        return row[name] or UNKNOWN

    def _hospital(self, row: Row, name: str) -> Any:
        return row["hospital_name" if name == "hospital" else name] or UNKNOWN

    def _covered(self, row: Row, name: str) -> Any:
        """For hospitals of reached doctors: the hospital's own attributes, the touch's own."""
        if name in {*PLACE, "hospital"}:
            key = (self.doctors.get(row["hcp_key"]) or {}).get("hospital_key")
            hospital = self.hospitals.get(key) or {}
            return hospital.get("hospital_name" if name == "hospital" else name) or UNKNOWN
        return self._touch(row, name)

    # ------------------------------------------------------------------ rows that may be looked at

    def _keeps(self, row: Row, where: list[Any], of: Callable[[Row, str], Any], can: Callable[[str], bool]) -> bool:
        for item in where:
            if can(item["dimension"]) and (of(row, item["dimension"]) in item["values"]) != (item["op"] == "in"):
                return False
        return True

    def _allowed(self, row: Row, *, consent: bool = True) -> bool:
        if consent and row["hcp_key"] in self.gone:
            return False
        return self.region is None or (self.doctors.get(row["hcp_key"]) or {}).get("region") == self.region

    def touches(self, where: list[Any]) -> list[Row]:
        return [row for row in self.t["fct_touch"] if self._allowed(row) and self._keeps(row, where, self._touch, lambda _: True)]

    # ------------------------------------------------------------------ one cell of one metric: value, persons

    def cell(self, metric: str, window: tuple[date, date], where: list[Any]) -> dict[str, tuple[Any, int | None]]:
        """Return the metric's columns (by suffix) over exactly the rows that `where` leaves, in one window."""
        found = getattr(self, f"_{metric}")(window, where)
        return found if isinstance(found, dict) else {"": found}

    def _in(self, rows: Iterable[Row], column: str, window: tuple[date, date]) -> list[Row]:
        start, end = window
        return [row for row in rows if row[column] is not None and start <= day_of(row[column]) < end]

    def _delivered(self, window: Any, where: Any, extra: Callable[[Row], bool] = lambda _: True) -> list[Row]:
        return [row for row in self._in(self.touches(where), "occurred_at", window) if row["delivered"] and extra(row)]

    @staticmethod
    def _people(rows: Iterable[Row]) -> set[str]:
        return {row["hcp_key"] for row in rows if row["hcp_key"] is not None}

    def _target_population(self, where: list[Any]) -> set[str]:
        doctor_wide = {*DOCTOR, "is_target", "hospital", "hospital_level", "years_in_practice"}
        return {
            key
            for key, row in self.doctors.items()
            if row["is_target"] and self._allowed(row) and self._keeps(row, where, lambda r, n: self._doctor(r["hcp_key"], n), lambda n: n in doctor_wide)
        }

    def _target_hcps(self, window: Any, where: Any) -> Any:
        found = self._target_population(where)
        return len(found), len(found)

    def _reached_hcps(self, window: Any, where: Any) -> Any:
        found = self._people(self._delivered(window, where))
        return len(found), len(found)

    def _reach_rate(self, window: Any, where: Any) -> Any:
        reached = {key for key in self._people(self._delivered(window, where)) if (self.doctors.get(key) or {}).get("is_target")}
        targets = self._target_population(where)
        return (len(reached) / len(targets) if targets else None), len(targets)

    def _newly_reached_hcps(self, window: Any, where: Any) -> Any:
        first: dict[str, Row] = {}
        rows = [row for row in self.t["fct_touch"] if row["hcp_key"] not in self.gone and row["hcp_key"] is not None and row["delivered"]]
        for row in sorted(rows, key=lambda r: (r["occurred_at"], r["touch_id"])):
            first.setdefault(row["hcp_key"], row)
        kept = [row for row in self._in(first.values(), "occurred_at", window) if self._allowed(row) and self._keeps(row, where, self._touch, lambda _: True)]
        return len(kept), len(kept)

    def _touches(self, window: Any, where: Any) -> Any:
        rows = self._delivered(window, where)
        return len(rows), len(self._people(rows))

    def _visits(self, window: Any, where: Any) -> Any:
        rows = self._delivered(window, where, lambda r: r["channel"] in {"面对面拜访", "线上拜访"})
        return len(rows), len(self._people(rows))

    def _multichannel(self, window: Any, where: Any) -> set[str]:
        channels: dict[str, set[str]] = defaultdict(set)
        for row in self._delivered(window, where):
            if row["hcp_key"] is not None and row["channel"] is not None:
                channels[row["hcp_key"]].add(row["channel"])
        return {key for key, found in channels.items() if len(found) >= 2}

    def _multichannel_hcps(self, window: Any, where: Any) -> Any:
        found = self._multichannel(window, where)
        return len(found), len(found)

    def _multichannel_rate(self, window: Any, where: Any) -> Any:
        reached = self._people(self._delivered(window, where))
        return (len(self._multichannel(window, where)) / len(reached) if reached else None), len(reached)

    def _covered_rows(self, window: Any, where: Any) -> list[Row]:
        rows = [row for row in self.t["fct_touch"] if row["delivered"] and self._allowed(row) and self._keeps(row, where, self._covered, lambda _: True)]
        if self.region is not None:
            rows = [row for row in rows if self._covered(row, "region") == self.region]
        return self._in(rows, "occurred_at", window)

    def _hospitals_of(self, rows: list[Row]) -> set[str]:
        return {key for row in rows if (key := (self.doctors.get(row["hcp_key"]) or {}).get("hospital_key")) is not None}

    def _covered_hospitals(self, window: Any, where: Any) -> Any:
        rows = self._covered_rows(window, where)
        return len(self._hospitals_of(rows)), len(self._people(rows))

    def _hospital_coverage(self, window: Any, where: Any) -> Any:
        rows = self._covered_rows(window, where)
        every = [
            row
            for row in self.t["dim_hospital"]
            if self._keeps(row, where, self._hospital, lambda n: n in {*PLACE, "hospital"}) and (self.region is None or row["region"] == self.region)
        ]
        return (len(self._hospitals_of(rows)) / len(every) if every else None), len(self._people(rows))

    def _touches_per_hcp(self, window: Any, where: Any) -> Any:
        rows = self._delivered(window, where)
        people = self._people(rows)
        return (len(rows) / len(people) if people else None), len(people)

    def _online_share(self, window: Any, where: Any) -> Any:
        rows = self._delivered(window, where)
        online = [row for row in rows if self._touch(row, "channel_type") == "线上"]
        return (len(online) / len(rows) if rows else None), len(self._people(rows))

    def _digital_rate(self, flag: str, window: Any, where: Any) -> Any:
        rows = self._delivered(window, where, lambda r: r["channel"] in {"微信", "邮件"})
        return (sum(bool(row[flag]) for row in rows) / len(rows) if rows else None), len(self._people(rows))

    def _open_rate(self, window: Any, where: Any) -> Any:
        return self._digital_rate("opened", window, where)

    def _click_rate(self, window: Any, where: Any) -> Any:
        return self._digital_rate("clicked", window, where)

    def _avg_dwell_seconds(self, window: Any, where: Any) -> Any:
        rows = [
            row
            for row in self._in(self.touches(where), "occurred_at", window)
            if row["channel"] == "微信" and row["opened"] and row["duration_s"] is not None
        ]
        return (sum(row["duration_s"] for row in rows) / len(rows) if rows else None), len(self._people(rows))

    def _engagement_minutes(self, window: Any, where: Any) -> Any:
        rows = self._delivered(window, where)
        return sum(row["duration_s"] or 0 for row in rows) / 60, len(self._people(rows))

    def _objective_completion(self, window: Any, where: Any) -> Any:
        rows = self._delivered(window, where, lambda r: r["channel"] in {"面对面拜访", "线上拜访"} and r["objective"] is not None)
        return (sum(bool(row["objective_met"]) for row in rows) / len(rows) if rows else None), len(self._people(rows))

    def _webinar_attendees(self, window: Any, where: Any) -> Any:
        found = self._people(self._delivered(window, where, lambda r: r["channel"] in {"线上会议", "学术会议"}))
        return len(found), len(found)

    def _active(self, window: Any, where: Any) -> set[str]:
        by: dict[str, list[Row]] = defaultdict(list)
        for row in self._in(self.touches(where), "occurred_at", window):
            if row["hcp_key"] is not None:
                by[row["hcp_key"]].append(row)
        return {key for key, rows in by.items() if sum(bool(r["delivered"]) for r in rows) >= 2 or any(r["opened"] or r["clicked"] for r in rows)}

    def _active_hcps(self, window: Any, where: Any) -> Any:
        found = self._active(window, where)
        return len(found), len(found)

    before: Callable[[tuple[date, date]], tuple[date, date]]

    def _retention_rate(self, window: Any, where: Any) -> Any:
        then, now = self._active(self.before(window), where), self._active(window, where)
        return (len(then & now) / len(then) if then else None), len(then)

    # ------------------------------------------------------------------ perception

    def _stages(self, where: list[Any], *, skip: tuple[str, ...] = ("stage",)) -> list[Row]:
        return [
            row
            for row in self.t["fct_stage"]
            if row["hcp_key"] is not None and self._allowed(row) and self._keeps(row, where, self._own, lambda n: n not in skip)
        ]

    @staticmethod
    def _latest(rows: list[Row], instant: datetime) -> dict[tuple[str, Any], Row]:
        out: dict[tuple[str, Any], Row] = {}
        for row in sorted((r for r in rows if r["entered_at"] < instant), key=lambda r: (r["entered_at"], r["stage_rank"])):
            out[row["hcp_key"], row["product"]] = row
        return out

    def _hcps_in_stage(self, window: Any, where: Any) -> Any:
        highest: dict[str, Row] = {}
        for (key, _), row in self._latest(self._stages(where), midnight(window[1])).items():
            if key not in highest or row["stage_rank"] > highest[key]["stage_rank"]:
                highest[key] = row
        kept = [row for row in highest.values() if self._keeps(row, where, self._own, lambda n: n == "stage")]
        return len(kept), len(kept)

    def _moves(self, window: Any, where: Any, skip: tuple[str, ...] = ("stage",)) -> tuple[set[str], set[str]]:
        rows = self._stages(where, skip=skip)
        then, now = self._latest(rows, midnight(window[0])), self._latest(rows, midnight(window[1]))
        started = {key for key, _ in then}
        return {key for (key, product), row in then.items() if now[key, product]["stage_rank"] > row["stage_rank"]}, started

    def _advanced_hcps(self, window: Any, where: Any) -> Any:
        moved, _ = self._moves(window, where)
        return len(moved), len(moved)

    def _advance_rate(self, window: Any, where: Any) -> Any:
        moved, started = self._moves(window, where)
        return (len(moved) / len(started) if started else None), len(started)

    def _advance_rate_exposed(self, window: Any, where: Any) -> Any:
        touch_only = ("channel", "channel_type", "campaign", "topic", "content_type", "weekday", "hour", "rep", "team", "territory")
        moved, started = self._moves(window, where, skip=touch_only)
        exposed = self._people(self._delivered((window[0] - timedelta(days=90), window[0]), where))
        one, other = started & exposed, started - exposed
        a = len(moved & one) / len(one) if one else None
        b = len(moved & other) / len(other) if other else None
        fewest = min(len(one), len(other))
        return {"": (a, len(one)), "__base": (b, len(other)), "__change": (None if a is None or b is None else a - b, fewest)}

    def _aware_to_trial(self, window: Any, where: Any) -> Any:
        if window[1] + timedelta(days=90) > self.today:
            return None, None
        rows = self._stages(where)
        first: dict[tuple[str, Any], datetime] = {}
        for row in rows:
            pair = (row["hcp_key"], row["product"])
            if row["stage"] == "知晓" and (pair not in first or row["entered_at"] < first[pair]):
                first[pair] = row["entered_at"]
        entered = {pair: at for pair, at in first.items() if window[0] <= at.date() < window[1]}
        won = {
            pair
            for pair, at in entered.items()
            if any(r["stage_rank"] >= 3 and at < r["entered_at"] <= at + timedelta(days=90) and (r["hcp_key"], r["product"]) == pair for r in rows)
        }
        return (len(won) / len(entered) if entered else None), len({key for key, _ in entered})

    def _surveys(self, window: Any, where: Any) -> list[Row]:
        rows = [row for row in self.t["fct_survey"] if self._allowed(row) and self._keeps(row, where, self._own, lambda _: True)]
        return self._in(rows, "answered_at", window)

    def _survey_responses(self, window: Any, where: Any) -> Any:
        rows = self._surveys(window, where)
        return len(rows), len(self._people(rows))

    def _avg_perception_score(self, window: Any, where: Any) -> Any:
        rows = [row for row in self._surveys(window, where) if row["score"] is not None]
        return (sum(row["score"] for row in rows) / len(rows) if rows else None), len(self._people(rows))

    def _nps(self, window: Any, where: Any) -> Any:
        rows = [row for row in self._surveys(window, where) if row["nps"] is not None]
        score = sum(1 if row["nps"] >= 9 else -1 if row["nps"] <= 6 else 0 for row in rows)
        return (score / len(rows) if rows else None), len(self._people(rows))

    # ------------------------------------------------------------------ outcome

    def _sum(self, table: str, column: str, window: Any, where: Any, of: Any) -> Any:
        rows = [row for row in self._in(self.t[table], "month", window) if self._keeps(row, where, of, lambda _: True)]
        if self.region is not None:
            rows = [row for row in rows if of(row, "region") == self.region]
        return sum((row[column] or 0 for row in rows), 0)

    def _revenue(self, window: Any, where: Any) -> Any:
        return self._sum("fct_sales", "revenue_cny", window, where, self._sale), None

    def _units(self, window: Any, where: Any) -> Any:
        return self._sum("fct_sales", "units", window, where, self._sale), None

    def _target_revenue(self, window: Any, where: Any) -> Any:
        return self._sum("fct_target", "target_revenue_cny", window, where, self._plain), None

    def _planned_touches(self, window: Any, where: Any) -> Any:
        return self._sum("fct_target", "planned_touches", window, where, self._plain), None

    def _spend(self, window: Any, where: Any) -> Any:
        return self._sum("fct_spend", "spend_cny", window, where, self._plain), None

    @staticmethod
    def _ratio(a: Any, b: Any) -> Any:
        return float(a) / float(b) if b else None

    def _attainment(self, window: Any, where: Any) -> Any:
        return self._ratio(self._revenue(window, where)[0], self._target_revenue(window, where)[0]), None

    def _roi(self, window: Any, where: Any) -> Any:
        return self._ratio(self._revenue(window, where)[0], self._spend(window, where)[0]), None

    def _plan_completion(self, window: Any, where: Any) -> Any:
        touches, people = self._touches(window, where)
        return self._ratio(touches, self._planned_touches(window, where)[0]), people

    def _cost_per_touch(self, window: Any, where: Any) -> Any:
        touches, people = self._touches(window, where)
        return self._ratio(self._spend(window, where)[0], touches), people

    def _revenue_rolling_12m(self, window: Any, where: Any) -> Any:
        end = window[1]
        months = [_months_later(end, -back) for back in range(1, 13)]
        if not {row["month"] for row in self.t["fct_sales"]} >= set(months):
            return None, None
        return self._revenue((months[-1], end), where)

    def _revenue_ytd(self, window: Any, where: Any) -> Any:
        return self._revenue((date((window[1] - timedelta(days=1)).year, 1, 1), window[1]), where)

    def _assigned(self, window: Any, where: Any) -> tuple[set[str], set[str]]:
        rows = [row for row in self.t["fct_experiment"] if self._allowed(row) and self._keeps(row, where, self._own, lambda _: True)]
        rows = self._in(rows, "assigned_at", window)
        return self._people(r for r in rows if r["converted_at"] is not None), self._people(rows)

    def _experiment_conversion(self, window: Any, where: Any) -> Any:
        won, tried = self._assigned(window, where)
        return (len(won) / len(tried) if tried else None), len(tried)

    def _experiment_lift(self, window: Any, where: Any) -> Any:
        arms = [self._assigned(window, [*where, {"dimension": "variant", "op": "in", "values": [arm]}]) for arm in "BA"]
        (a, n), (b, m) = arms
        return (len(a) / len(n) - len(b) / len(m) if n and m else None), min(len(n), len(m))

    def _consent_rate(self, window: Any, where: Any) -> Any:
        end = midnight(window[1])
        rows = [
            row
            for row in self.t["fct_consent"]
            if self._allowed(row, consent=False) and self._keeps(row, where, self._own, lambda _: True)
            and row["granted_at"] < end and (row["effective_at"] is None or row["effective_at"] >= end)
        ]
        everyone = [
            row
            for row in self.doctors.values()
            if self._allowed(row, consent=False) and self._keeps(row, where, lambda r, n: self._doctor(r["hcp_key"], n), lambda n: n != "purpose")
        ]
        return (len(self._people(rows)) / len(everyone) if everyone else None), len(everyone)

    def _consent_withdrawals(self, window: Any, where: Any) -> Any:
        rows = [row for row in self.t["fct_consent"] if self._allowed(row, consent=False) and self._keeps(row, where, self._own, lambda _: True)]
        rows = self._in(rows, "withdrawn_at", window)
        return len(rows), len(self._people(rows))


def _months_later(day: date, months: int) -> date:
    stamp = pd.Timestamp(day) + pd.DateOffset(months=months)
    return stamp.date()


def units(start: date, end: date, grain: str, fiscal: int = 1) -> list[tuple[date, date, date]]:
    """Return `(label, from, to)` of every calendar unit that [start, end) touches, clipped; `fiscal` is the month in which years begin."""
    out = []
    last_month = month_lengths.month_abbr[(fiscal - 2) % 12 + 1].upper()
    freq = {"day": "D", "week": "W-SUN", "month": "M", "quarter": f"Q-{last_month}", "year": f"Y-{last_month}"}[grain]
    unit = pd.Period(start, freq)
    while unit.start_time.date() < end:
        first, last = unit.start_time.date(), unit.end_time.date() + timedelta(days=1)
        out.append((first, max(first, start), min(last, end)))
        unit += 1
    return out


def month_length(year: int, month: int) -> int:
    return month_lengths.monthrange(year, month)[1]
