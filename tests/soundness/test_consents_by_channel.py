"""Consent withdrawn in one channel: the figures are those of a warehouse that never had that doctor's touches in that channel, and of no other."""

from __future__ import annotations

import math
import random
from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from governance.bundle.loading import load_bundle
from governance.errors import UnsoundQuery, WarehouseError
from governance.inforce import put_in_force
from tests.fixtures.bundle import POLICIES, catalogue_of, measured, table
from tests.fixtures.random_warehouse import CHANNELS, FIRST, TODAY, MemoryWarehouse, moment, random_tables
from tests.fixtures.small_warehouse import COLUMNS
from tests.soundness.test_planner_against_brute_force import METRICS, random_query

WIDER = {**COLUMNS, "fct_channel_consent": {
    "hcp_key": "VARCHAR", "purpose": "VARCHAR", "channel": "VARCHAR", "granted_at": "TIMESTAMP", "withdrawn_at": "TIMESTAMP", "effective_at": "TIMESTAMP",
}}  # fmt: skip
PURPOSE = "market_analysis"
MIDNIGHT = datetime.combine(TODAY, time())


def consents(seed: int, keys: list[str]) -> list[dict[str, Any]]:
    chance = random.Random(seed)
    found = []
    for key in keys:
        for channel in (name for name in CHANNELS if name is not None):
            if chance.random() < 0.3:
                granted = chance.choice((None, moment(chance)))
                withdrawn = chance.choice((None, moment(chance)))
                effective = None if withdrawn is None or chance.random() < 0.2 else datetime.combine(withdrawn.date(), time()) + timedelta(days=chance.randrange(1, 9))
                purpose = chance.choice((PURPOSE, PURPOSE, "medical_insight"))
                found.append({"hcp_key": key, "purpose": purpose, "channel": channel, "granted_at": granted, "withdrawn_at": withdrawn, "effective_at": effective})
    return found


def gone(tables: dict[str, list[dict[str, Any]]]) -> set[tuple[str, str]]:
    """By hand: who is out of which channel today."""
    left, back = {}, {}
    for row in tables["fct_channel_consent"]:
        at = (row["hcp_key"], row["channel"])
        if row["purpose"] == PURPOSE and row["effective_at"] is not None and row["effective_at"] <= MIDNIGHT:
            left[at] = max(left.get(at, datetime.min), row["withdrawn_at"])
        if row["purpose"] == PURPOSE and row["granted_at"] is not None and row["granted_at"] < MIDNIGHT + timedelta(days=1):
            back[at] = max(back.get(at, datetime.min), row["granted_at"])
    whole = {}
    for row in tables["fct_consent"]:
        if row["purpose"] == PURPOSE and row["granted_at"] < MIDNIGHT + timedelta(days=1):
            whole[row["hcp_key"]] = max(whole.get(row["hcp_key"], datetime.min), row["granted_at"])
    return {at for at, when in left.items() if when >= max(back.get(at, datetime.min), whole.get(at[0], datetime.min))}


def close(found: dict[Any, dict[str, Any]], expected: dict[Any, dict[str, Any]]) -> bool:
    """Whether two tables are alike; sums of the engine's threads differ in the last digit."""
    same = found.keys() == expected.keys()
    return same and all(
        value == other or (isinstance(value, float) and isinstance(other, float) and (math.isclose(value, other, rel_tol=1e-9) or (value != value and other != other)))  # noqa: PLR0124 (NaN)
        for row, cells in found.items()
        for value, other in ((cells[name], expected[row][name]) for name in cells)
    )


def _as_if_never(seed: int) -> None:
    tables = random_tables(seed)
    tables["fct_channel_consent"] = consents(seed, [row["hcp_key"] for row in tables["dim_hcp"]])
    out = gone(tables)
    without = {**tables, "fct_touch": [row for row in tables["fct_touch"] if (row["hcp_key"], row["channel"]) not in out]}
    plain, narrow = catalogue_of(), replace(catalogue_of(), narrower_consents=True)
    real, other = MemoryWarehouse(tables, WIDER), MemoryWarehouse(without, COLUMNS)
    chance = random.Random(seed)
    for _ in range(6):
        query = random_query(chance, chance.choice(METRICS))
        try:
            expected = measured(other, query, today=TODAY, catalogue=plain, purpose=PURPOSE, data_from=FIRST)
        except UnsoundQuery:
            continue
        found = measured(real, query, today=TODAY, catalogue=narrow, purpose=PURPOSE, data_from=FIRST)
        assert close(table(found), table(expected)), query


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 10**9))
def test_a_channel_withdrawn_is_as_if_those_touches_had_never_been(seed: int) -> None:
    _as_if_never(seed)


@pytest.mark.long
@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 10**9))
def test_a_channel_withdrawn_is_as_if_those_touches_had_never_been_in_many_companies(seed: int) -> None:
    _as_if_never(seed)


def test_an_older_warehouse_without_the_table_is_read_as_before_and_a_newer_one_by_channel() -> None:
    def catalogue(columns: dict[str, Any]):
        with MemoryWarehouse(random_tables(1), columns).session() as session:
            def fetch(select: Any) -> Any:
                try:
                    return session.run(select)
                except Exception as error:
                    raise WarehouseError("no") from error
            return put_in_force(load_bundle(POLICIES), fetch=fetch, today=TODAY).catalogue

    assert not catalogue(COLUMNS).narrower_consents
    assert catalogue(WIDER).narrower_consents


def test_a_warehouse_that_cannot_be_read_is_never_taken_for_one_without_withdrawals() -> None:
    def fetch(_select: Any) -> Any:
        raise WarehouseError("down")

    with pytest.raises(WarehouseError):
        put_in_force(load_bundle(POLICIES), fetch=fetch, today=TODAY)
