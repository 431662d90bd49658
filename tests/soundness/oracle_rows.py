"""Which fact rows each side of a metric rests on, found one by one in the most literal way: what the reconciliation of an answer is held against."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from tests.soundness.oracle import UNKNOWN, Oracle, Row, _months_later, midnight

POPULATION = frozenset({"region", "province", "city", "city_tier", "specialty", "title", "segment", "potential", "is_target", "hospital", "hospital_level", "years_in_practice"})
PLACES = frozenset({"region", "province", "city", "city_tier", "hospital_level", "hospital"})
TOUCH_ONLY = ("channel", "channel_type", "campaign", "topic", "content_type", "weekday", "hour", "rep", "team", "territory")
BY_CELL = frozenset({"active_hcps", "retention_rate", "multichannel_hcps", "multichannel_rate", "hcps_in_stage", "advance_rate_exposed"})
"""Metrics of which another group is looked at by itself: a doctor may qualify in the whole and not in a channel."""
LASTING = frozenset({"hcps_in_stage", "advanced_hcps", "advance_rate", "advance_rate_exposed", "retention_rate", "revenue_rolling_12m", "revenue_ytd"})


@dataclass(frozen=True)
class Side:
    """One side of a metric: the fact, its rows, and the dimensions that divide them (None: all that were asked by)."""

    side: str
    table: str
    rows: list[Row]
    can: frozenset[str] | None = None


class RowOracle(Oracle):
    """Finds fact rows where `Oracle` finds numbers."""

    def dimension_of(self, metric: str, table: str) -> Callable[[Row, str], Any]:
        if metric in {"covered_hospitals", "hospital_coverage"} and table == "fct_touch":
            return self._covered
        doctors: Callable[[Row, str], Any] = lambda row, name: self._doctor(row["hcp_key"], name)  # noqa: E731
        return {
            "fct_touch": self._touch, "fct_sales": self._sale, "fct_target": self._plain, "fct_spend": self._plain, "dim_hcp": doctors, "dim_hospital": self._hospital,
        }.get(table, self._own)  # fmt: skip

    def found(self, row: Row, way: str) -> bool:
        """Return whether the row's key finds a row of the table at the end of the way."""
        homes: Mapping[str, tuple[str, Mapping[str, Row]]] = {
            "hcp": ("hcp_key", self.doctors), "hospital": ("hospital_key", self.hospitals), "rep": ("rep_key", self.reps), "content": ("content_key", self.contents),
        }  # fmt: skip
        for hop in way.split("."):
            column, home = homes[hop]
            if row.get(column) is None or row[column] not in home:
                return False
            row = home[row[column]]
        return True

    def sides(self, metric: str, window: tuple[date, date], where: list[Any]) -> list[Side]:
        if metric in _TOUCHES:
            return [Side(side, "fct_touch", self._delivered(window, where, test)) for side, test in _TOUCHES[metric]]
        found: list[Side] = getattr(self, f"rows_{metric}")(window, where)
        return found

    # ------------------------------------------------------------------ touches

    def rows_reach_rate(self, window: Any, where: Any) -> list[Side]:
        rows = self._delivered(window, where, lambda row: bool((self.doctors.get(row["hcp_key"]) or {}).get("is_target")))
        return [Side("numerator", "fct_touch", rows), self._targets("denominator", where)]

    def _targets(self, side: str, where: Any) -> Side:
        return Side(side, "dim_hcp", [self.doctors[key] for key in self._target_population(where)], POPULATION)

    def rows_target_hcps(self, window: Any, where: Any) -> list[Side]:
        return [self._targets("value", where)]

    def rows_newly_reached_hcps(self, window: Any, where: Any) -> list[Side]:
        first: dict[str, Row] = {}
        for row in sorted(self.t["fct_touch"], key=lambda item: (item["occurred_at"], item["touch_id"])):
            if row["delivered"] and row["hcp_key"] is not None and row["hcp_key"] not in self.gone:
                first.setdefault(row["hcp_key"], row)
        kept = [row for row in self._in(first.values(), "occurred_at", window) if self._allowed(row) and self._keeps(row, where, self._touch, lambda _: True)]
        return [Side("value", "fct_touch", kept)]

    def _of(self, people: Iterable[str], rows: list[Row]) -> list[Row]:
        known = set(people)
        return [row for row in rows if row["hcp_key"] in known]

    def rows_multichannel_hcps(self, window: Any, where: Any) -> list[Side]:
        return [Side("value", "fct_touch", self._of(self._multichannel(window, where), self._delivered(window, where)))]

    def rows_multichannel_rate(self, window: Any, where: Any) -> list[Side]:
        rows = self._delivered(window, where)
        return [Side("numerator", "fct_touch", self._of(self._multichannel(window, where), rows)), Side("denominator", "fct_touch", rows)]

    def rows_active_hcps(self, window: Any, where: Any) -> list[Side]:
        return [Side("value", "fct_touch", self._of(self._active(window, where), self._in(self.touches(where), "occurred_at", window)))]

    def rows_retention_rate(self, window: Any, where: Any) -> list[Side]:
        before = self.before(window)
        then, now = self._active(before, where), self._active(window, where)
        rows = self.touches(where)
        return [
            Side("numerator", "fct_touch", self._of(then & now, self._in(rows, "occurred_at", window))),
            Side("denominator", "fct_touch", self._of(then, self._in(rows, "occurred_at", before))),
        ]

    def rows_covered_hospitals(self, window: Any, where: Any) -> list[Side]:
        return [Side("value", "fct_touch", self._covered_rows(window, where))]

    def rows_hospital_coverage(self, window: Any, where: Any) -> list[Side]:
        every = [
            row
            for row in self.t["dim_hospital"]
            if self._keeps(row, where, self._hospital, lambda name: name in PLACES) and (self.region is None or row["region"] == self.region)
        ]
        return [Side("numerator", "fct_touch", self._covered_rows(window, where)), Side("denominator", "dim_hospital", every, PLACES)]

    def rows_avg_dwell_seconds(self, window: Any, where: Any) -> list[Side]:
        rows = [row for row in self._in(self.touches(where), "occurred_at", window) if row["channel"] == "微信" and row["opened"] and row["duration_s"] is not None]
        return [Side("numerator", "fct_touch", rows), Side("denominator", "fct_touch", rows)]

    # ------------------------------------------------------------------ states and surveys

    def rows_hcps_in_stage(self, window: Any, where: Any) -> list[Side]:
        highest: dict[str, Row] = {}
        for (key, _), row in self._latest(self._stages(where), midnight(window[1])).items():
            if key not in highest or row["stage_rank"] > highest[key]["stage_rank"]:
                highest[key] = row
        return [Side("value", "fct_stage", [row for row in highest.values() if self._keeps(row, where, self._own, lambda name: name == "stage")])]

    def _pairs(self, window: Any, where: Any, skip: tuple[str, ...] = ("stage",)) -> tuple[list[Row], list[Row]]:
        """The states at the end of those that rose, and all states at the start."""
        rows = self._stages(where, skip=skip)
        then, now = self._latest(rows, midnight(window[0])), self._latest(rows, midnight(window[1]))
        return [now[pair] for pair, row in then.items() if now[pair]["stage_rank"] > row["stage_rank"]], list(then.values())

    def rows_advanced_hcps(self, window: Any, where: Any) -> list[Side]:
        return [Side("value", "fct_stage", self._pairs(window, where)[0])]

    def rows_advance_rate(self, window: Any, where: Any) -> list[Side]:
        risen, begun = self._pairs(window, where)
        return [Side("numerator", "fct_stage", risen), Side("denominator", "fct_stage", begun)]

    def rows_advance_rate_exposed(self, window: Any, where: Any) -> list[Side]:
        risen, begun = self._pairs(window, where, TOUCH_ONLY)
        exposing = [row for row in self._delivered((window[0] - timedelta(days=90), window[0]), where) if row["hcp_key"] is not None]
        people = self._people(exposing)
        return [
            Side("numerator", "fct_stage", self._of(people, risen)), Side("denominator", "fct_stage", self._of(people, begun)), Side("exposure", "fct_touch", exposing, frozenset()),
            Side("all_numerator", "fct_stage", risen, POPULATION | {"product"}), Side("all_denominator", "fct_stage", begun, POPULATION | {"product"}),
        ]  # fmt: skip

    def rows_aware_to_trial(self, window: Any, where: Any) -> list[Side]:
        if window[1] + timedelta(days=90) > self.today:
            return [Side("numerator", "fct_stage", []), Side("denominator", "fct_stage", [])]
        rows = self._stages(where)
        first: dict[tuple[str, Any], Row] = {}
        for row in sorted((row for row in rows if row["stage"] == "知晓"), key=lambda item: item["entered_at"]):
            first.setdefault((row["hcp_key"], row["product"]), row)
        entered = [row for row in first.values() if window[0] <= row["entered_at"].date() < window[1]]
        won = [
            row
            for row in entered
            if any(
                other["stage_rank"] >= 3 and (other["hcp_key"], other["product"]) == (row["hcp_key"], row["product"])
                and row["entered_at"] < other["entered_at"] <= row["entered_at"] + timedelta(days=90)
                for other in rows
            )
        ]  # fmt: skip
        return [Side("numerator", "fct_stage", won), Side("denominator", "fct_stage", entered)]

    def _surveyed(self, window: Any, where: Any, *tests: tuple[str, Callable[[Row], bool]]) -> list[Side]:
        rows = self._surveys(window, where)
        return [Side(side, "fct_survey", [row for row in rows if test(row)]) for side, test in tests]

    def rows_survey_responses(self, window: Any, where: Any) -> list[Side]:
        return self._surveyed(window, where, ("value", lambda _: True))

    def rows_avg_perception_score(self, window: Any, where: Any) -> list[Side]:
        return self._surveyed(window, where, ("numerator", lambda row: row["score"] is not None), ("denominator", lambda row: row["score"] is not None))

    def rows_nps(self, window: Any, where: Any) -> list[Side]:
        return self._surveyed(
            window, where, ("numerator", lambda row: (row["nps"] or 0) >= 9), ("numerator", lambda row: row["nps"] is not None and row["nps"] <= 6),
            ("denominator", lambda row: row["nps"] is not None),
        )  # fmt: skip

    # ------------------------------------------------------------------ outcome, experiments, consent

    def _monthly(self, side: str, table: str, window: Any, where: Any) -> Side:
        of = self.dimension_of("", table)
        rows = [row for row in self._in(self.t[table], "month", window) if self._keeps(row, where, of, lambda _: True)]
        return Side(side, table, [row for row in rows if self.region is None or of(row, "region") == self.region])

    def rows_revenue(self, window: Any, where: Any, side: str = "value") -> list[Side]:
        return [self._monthly(side, "fct_sales", window, where)]

    rows_units = rows_revenue

    def rows_target_revenue(self, window: Any, where: Any) -> list[Side]:
        return [self._monthly("value", "fct_target", window, where)]

    rows_planned_touches = rows_target_revenue

    def rows_spend(self, window: Any, where: Any) -> list[Side]:
        return [self._monthly("value", "fct_spend", window, where)]

    def rows_attainment(self, window: Any, where: Any) -> list[Side]:
        return [self._monthly("numerator", "fct_sales", window, where), self._monthly("denominator", "fct_target", window, where)]

    def rows_roi(self, window: Any, where: Any) -> list[Side]:
        return [self._monthly("numerator", "fct_sales", window, where), self._monthly("denominator", "fct_spend", window, where)]

    def rows_plan_completion(self, window: Any, where: Any) -> list[Side]:
        return [Side("numerator", "fct_touch", self._delivered(window, where)), self._monthly("denominator", "fct_target", window, where)]

    def rows_cost_per_touch(self, window: Any, where: Any) -> list[Side]:
        return [self._monthly("numerator", "fct_spend", window, where), Side("denominator", "fct_touch", self._delivered(window, where))]

    def rows_revenue_rolling_12m(self, window: Any, where: Any) -> list[Side]:
        months = [_months_later(window[1], -back) for back in range(1, 13)]
        if not {row["month"] for row in self.t["fct_sales"]} >= set(months):
            return [Side("value", "fct_sales", [])]
        return self.rows_revenue((months[-1], window[1]), where)

    def rows_revenue_ytd(self, window: Any, where: Any) -> list[Side]:
        return self.rows_revenue((date((window[1] - timedelta(days=1)).year, 1, 1), window[1]), where)

    def _tried(self, window: Any, where: Any) -> list[Side]:
        rows = [row for row in self.t["fct_experiment"] if self._allowed(row) and self._keeps(row, where, self._own, lambda _: True)]
        rows = self._in(rows, "assigned_at", window)
        return [Side("numerator", "fct_experiment", [row for row in rows if row["converted_at"] is not None]), Side("denominator", "fct_experiment", rows)]

    def rows_experiment_conversion(self, window: Any, where: Any) -> list[Side]:
        return self._tried(window, where)

    def rows_experiment_lift(self, window: Any, where: Any) -> list[Side]:
        return self._tried(window, [*where, {"dimension": "variant", "op": "in", "values": ["A", "B"]}])

    def rows_consent_rate(self, window: Any, where: Any) -> list[Side]:
        end = midnight(window[1])
        rows = [
            row
            for row in self.t["fct_consent"]
            if self._allowed(row, consent=False) and self._keeps(row, where, self._own, lambda _: True)
            and row["granted_at"] < end and (row["effective_at"] is None or row["effective_at"] >= end)
        ]  # fmt: skip
        of = self.dimension_of("", "dim_hcp")
        everyone = [row for row in self.doctors.values() if self._allowed(row, consent=False) and self._keeps(row, where, of, lambda name: name != "purpose")]
        return [Side("numerator", "fct_consent", rows), Side("denominator", "dim_hcp", everyone, POPULATION)]

    def rows_consent_withdrawals(self, window: Any, where: Any) -> list[Side]:
        rows = [row for row in self.t["fct_consent"] if self._allowed(row, consent=False) and self._keeps(row, where, self._own, lambda _: True)]
        return [Side("value", "fct_consent", self._in(rows, "withdrawn_at", window))]


def _any(_: Row) -> bool:
    return True


def _digital(row: Row) -> bool:
    return row["channel"] in {"微信", "邮件"}


def _visit(row: Row) -> bool:
    return row["channel"] in {"面对面拜访", "线上拜访"}


def _online(row: Row) -> bool:
    return row["channel"] not in {"面对面拜访", "学术会议", None}


_TOUCHES: dict[str, tuple[tuple[str, Callable[[Row], bool]], ...]] = {
    "touches": (("value", _any),),
    "reached_hcps": (("value", _any),),
    "engagement_minutes": (("value", _any),),
    "visits": (("value", _visit),),
    "webinar_attendees": (("value", lambda row: row["channel"] in {"线上会议", "学术会议"}),),
    "touches_per_hcp": (("numerator", _any), ("denominator", _any)),
    "online_share": (("numerator", _online), ("denominator", _any)),
    "open_rate": (("numerator", lambda row: _digital(row) and bool(row["opened"])), ("denominator", _digital)),
    "click_rate": (("numerator", lambda row: _digital(row) and bool(row["clicked"])), ("denominator", _digital)),
    "objective_completion": (
        ("numerator", lambda row: _visit(row) and row["objective"] is not None and bool(row["objective_met"])),
        ("denominator", lambda row: _visit(row) and row["objective"] is not None),
    ),
}


def unmatched(oracle: RowOracle, rows: list[Row], way: str) -> int:
    return sum(not oracle.found(row, way) for row in rows)


def in_unknown(oracle: RowOracle, metric: str, side: Side, dimension: str) -> int:
    of = oracle.dimension_of(metric, side.table)
    return sum(of(row, dimension) == UNKNOWN for row in side.rows)
