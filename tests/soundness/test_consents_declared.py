"""What a person declared to us and what the extracts say of the same consent, in any order: the last word counts, in each channel and for a purpose as a whole.

The oracle sorts everything that was said by its time; it knows no rows.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import duckdb
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from governance.documents.warehouse import WarehouseSchema
from governance.identity.consents import ConsentAct
from governance.rights.settling import Standing, apply
from tests.fixtures.bundle import POLICIES

SCHEMA = WarehouseSchema.model_validate(yaml.safe_load((POLICIES / "warehouse" / "schema.yaml").read_text(encoding="utf-8")))
START = datetime(2026, 1, 1)
CHANNEL = "微信"
TABLES = {None: ("fct_consent", ""), CHANNEL: ("fct_channel_consent", f"'{CHANNEL}', ")}
moments = st.lists(st.integers(0, 200), min_size=10, max_size=10, unique=True)
said = st.fixed_dictionaries({"act": st.sampled_from(["granted", "withdrawn"]), "channel": st.sampled_from([None, CHANNEL])})


def _at(hours: int) -> datetime:
    return START + timedelta(hours=hours)


@settings(max_examples=60)
@example(hours=[0, 99, *range(40, 48)], rows=[(None, True)], declared=[{"act": "withdrawn", "channel": None}, {"act": "granted", "channel": None}])
@given(hours=moments, rows=st.lists(st.tuples(st.sampled_from([None, CHANNEL]), st.booleans()), max_size=2), declared=st.lists(said, max_size=5))
def test_the_last_word_counts_whoever_wrote_it_down(hours: list[int], rows: list[tuple[str | None, bool]], declared: list[dict]) -> None:
    told: list[tuple[str | None, str, datetime]] = []
    with duckdb.connect() as store:
        for table, column in (("fct_consent", ""), ("fct_channel_consent", "channel VARCHAR, ")):
            store.execute(f"CREATE TABLE {table} (hcp_key VARCHAR, purpose VARCHAR, {column}granted_at TIMESTAMP, withdrawn_at TIMESTAMP, effective_at TIMESTAMP)")
        for number, (channel, withdrawn) in enumerate(rows):
            first, last = sorted(map(_at, hours[2 * number : 2 * number + 2]))
            told += [(channel, "granted", first), *([(channel, "withdrawn", last)] if withdrawn else [])]
            table, also = TABLES[channel]
            store.execute(f"INSERT INTO {table} VALUES ('me', 'p', {also}?, ?, NULL)", [first, last if withdrawn else None])
        acts = [
            ConsentAct(uid="u", purpose="p", act=item["act"], channel=item["channel"], at=_at(hours[4 + number]), notice=None, notice_version=None, recorded_by="c", case_number="1")
            for number, item in enumerate(declared)
        ]
        told += [(act.channel, act.act, act.at) for act in acts]
        # What stands is applied to a load, and again by the next act.
        for _ in range(2):
            apply(store, Standing(corrected={}, declared={"me": acts}, begun={}), SCHEMA, smallest_batch=1)
            for channel, (table, _also) in TABLES.items():
                mine = sorted((at, act) for for_what, act, at in told if for_what == channel)
                found = store.execute(f"SELECT granted_at, withdrawn_at, effective_at FROM {table}").fetchall()
                assert all(at <= effect <= at + timedelta(days=1) for _, at, effect in found if at is not None)
                left = any(at is not None and not any(given > at for given, _, _ in found) for _, at, _ in found)
                assert left == (bool(mine) and mine[-1][1] == "withdrawn")


def test_an_effect_that_has_begun_is_kept_for_a_person_who_has_another_key_by_now() -> None:
    made, effect = _at(3), _at(24 * 4)
    act = ConsentAct(uid="u", purpose="p", act="withdrawn", channel=None, at=made, notice=None, notice_version=None, recorded_by="c", case_number="1")
    with duckdb.connect() as store:
        store.execute("CREATE TABLE fct_consent (hcp_key VARCHAR, purpose VARCHAR, granted_at TIMESTAMP, withdrawn_at TIMESTAMP, effective_at TIMESTAMP)")
        begun = {("fct_consent", "the key before the merge", "p", None, made): effect}
        apply(store, Standing(corrected={}, declared={"the key after it": [act]}, begun=begun), SCHEMA, smallest_batch=10)
        assert store.execute("SELECT effective_at FROM fct_consent").fetchall() == [(effect,)]
