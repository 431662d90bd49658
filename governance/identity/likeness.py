"""How alike a row and a record of the register are, as a probability: Fellegi and Sunter's model (1969), its weights estimated by Splink on DuckDB.

Used only for rows that no identifier and no unique name in a place has settled. What agreement is worth (`m`) is learnt from the rows whose
strong identifier says who they are, what chance agreement is worth (`u`) from random pairs; nobody has to label anything. Candidates share the
place, or the name and one more trait: a name alone never makes a pair.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FEWEST_LABELS = 50
"""Below this many rows with a known person and a name nothing is estimated, and nothing is scored."""
_RANDOM_PAIRS = 300_000
_SEED = 17
_RECORDS = "records"
_SLIPS = {"close": 0.01, "same sound": 0.01, "former": 0.01}
"""Shares of one person's descriptions with a typing error or an earlier place that are assumed until more were seen: about what people mistype."""
_LONG_ENOUGH = 3
_AT_LEAST = 1e-3
_AT_LEAST_BY_CHANCE = 1e-5


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """Rows as somebody described them: for each its number (its position), compared name, place and former place, traits (None: not said).

    `person` is who it is, where an identifier proved it (None: not proved); for the register always.
    """

    number: Sequence[int]
    name: Sequence[str | None]
    place: Sequence[int | None]
    former: Sequence[int | None]
    traits: Mapping[str, Sequence[int | None]] = field(default_factory=dict)
    person: Sequence[int | None] = ()

    def __len__(self) -> int:
        return len(self.number)

    def table(self) -> pa.Table:
        """One row a description, with how the name sounds."""
        columns: dict[str, Any] = {
            "unique_id": pa.array(self.number, pa.int64()),
            "name": pa.array(self.name, pa.string()),
            "sound": pa.array([_sound(name) for name in self.name], pa.string()),
            # DuckDB's edit distances count bytes; names that are equal without one of their characters differ by one slip.
            "cuts": pa.array([sorted(_cuts(name)) for name in self.name], pa.list_(pa.string())),
            "place": pa.array(self.place, pa.int64()),
            "former": pa.array(self.former, pa.int64()),
            "person": pa.array(self.person or [None] * len(self), pa.int64()),
        }
        for index, values in enumerate(self.traits.values()):
            columns[f"trait_{index}"] = pa.array(values, pa.int64())
        return pa.table(columns)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A description and a record that may be one person. `agreement` says per comparison how far they agree: same, close, differs or unknown."""

    number: int
    record: int
    probability: float
    agreement: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Likeness:
    """The pairs worth looking at, and on how many proved pairs the weights rest (0: too few, nothing was scored)."""

    pairs: tuple[Pair, ...]
    labels: int


def compare(rows: Described, proved: Described, records: Described, *, least: float) -> Likeness:
    """Score `rows` against the register's `records`, with weights learnt from the `proved` rows; pairs below `least` are left out."""
    labels = sum(name is not None and person is not None for name, person in zip(proved.name, proved.person, strict=True))
    if labels < FEWEST_LABELS or not len(rows) or not len(records):
        return Likeness(pairs=(), labels=0)
    import duckdb
    from splink import Linker, SettingsCreator, block_on
    from splink.backends.duckdb import DuckDBAPI
    from splink.blocking_rule_library import CustomRule

    logging.getLogger("splink").setLevel(logging.ERROR)
    traits = list(records.traits)
    with duckdb.connect(":memory:") as connection:
        api = DuckDBAPI(connection)
        settings = SettingsCreator(
            link_type="link_only",
            comparisons=[_name(), _place(), *(_trait(index) for index in range(len(traits)))],
            blocking_rules_to_generate_predictions=[
                block_on("place"),
                CustomRule("l.place = r.former"),
                CustomRule("l.former = r.place"),
                *(block_on("name", f"trait_{index}") for index in range(len(traits))),
            ],
            probability_two_random_records_match=1.0 / max(2, len(records)),
            retain_matching_columns=False,
        )
        register = api.register(records.table(), table_name="records_in", dataset_display_name=_RECORDS)
        taught = api.register(proved.table(), table_name="proved_in", dataset_display_name="rows")
        trainer = Linker([taught, register], settings, log_level=logging.ERROR)
        trainer.training.estimate_u_using_random_sampling(max_pairs=_RANDOM_PAIRS, seed=_SEED, min_count_per_level=None, num_chunks=1)
        trainer.training.estimate_m_from_label_column("person")
        model = _complete(trainer.misc.save_model_to_json())
        asked = api.register(rows.table(), table_name="rows_in", dataset_display_name="rows")
        linker = Linker([asked, register], model, log_level=logging.ERROR)
        predicted: Any = linker.inference.predict(threshold_match_probability=least)
        found: list[dict[str, Any]] = predicted.as_pyarrow_table().to_pylist()
    pairs = sorted((_pair(item, rows, records) for item in found), key=lambda pair: (pair.number, -pair.probability, pair.record))
    return Likeness(pairs=tuple(pairs), labels=labels)


def _complete(model: dict[str, Any]) -> dict[str, Any]:
    """Levels that no proved or random pair had get a small share instead of none: what was never seen isn't impossible."""
    for comparison in model["comparisons"]:
        for level in comparison["comparison_levels"]:
            if not level.get("is_null_level"):
                least = _SLIPS.get(level["label_for_charts"], _AT_LEAST)
                level["m_probability"] = max(level.get("m_probability") or 0.0, least)
                level["u_probability"] = max(level.get("u_probability") or 0.0, _AT_LEAST_BY_CHANCE)
    return model


def _level(condition: str, label: str) -> dict[str, Any]:
    return {"sql_condition": condition, "label_for_charts": label, "is_null_level": label == "unknown"}


def _comparison(column: str, *levels: tuple[str, str]) -> Any:
    import splink.comparison_library as library

    return library.CustomComparison(
        output_column_name=column,
        comparison_levels=[*(_level(condition, label) for condition, label in levels), {"sql_condition": "ELSE", "label_for_charts": "differs"}],
    )


def _name() -> Any:
    return _comparison(
        "name",
        ("name_l IS NULL OR name_r IS NULL", "unknown"),
        ("name_l = name_r", "same"),
        ("sound_l = sound_r", "same sound"),
        ("list_has_any(cuts_l, cuts_r) OR list_contains(cuts_l, name_r) OR list_contains(cuts_r, name_l)", "close"),
    )


def _place() -> Any:
    return _comparison(
        "place",
        ("place_l IS NULL OR place_r IS NULL", "unknown"),
        ("place_l = place_r", "same"),
        ("place_l = former_r OR former_l = place_r", "former"),
    )


def _trait(index: int) -> Any:
    column = f"trait_{index}"
    return _comparison(column, (f"{column}_l IS NULL OR {column}_r IS NULL", "unknown"), (f"{column}_l = {column}_r", "same"))


def _pair(item: Mapping[str, Any], rows: Described, records: Described) -> Pair:
    # Splink sorts the two sides by itself.
    swapped = item["source_dataset_l"] == _RECORDS
    row, record = (item["unique_id_r"], item["unique_id_l"]) if swapped else (item["unique_id_l"], item["unique_id_r"])
    said = {"name": _names_agree(rows.name[row], records.name[record])}
    place = rows.place[row]
    said["place"] = (
        "unknown" if place is None else "same" if place == records.place[record] else "former" if place == records.former[record] else "differs"
    )
    for trait, values in records.traits.items():
        one, other = rows.traits[trait][row], values[record]
        said[trait] = "unknown" if one is None or other is None else "same" if one == other else "differs"
    return Pair(number=int(row), record=int(record), probability=float(item["match_probability"]), agreement=said)


def _names_agree(one: str | None, other: str | None) -> str:
    if one is None or other is None:
        return "unknown"
    if one == other:
        return "same"
    if _sound(one) == _sound(other):
        return "same sound"
    return "close" if _cuts(one) & _cuts(other) or one in _cuts(other) or other in _cuts(one) else "differs"


@lru_cache(maxsize=100_000)
def _cuts(name: str | None) -> frozenset[str]:
    """The name without each of its characters in turn; what is left of a name of two is no evidence."""
    if name is None or len(name) < _LONG_ENOUGH:
        return frozenset()
    return frozenset(name[:at] + name[at + 1 :] for at in range(len(name)))


@lru_cache(maxsize=100_000)
def _sound(name: str | None) -> str | None:
    from pypinyin import lazy_pinyin

    return None if name is None else " ".join(lazy_pinyin(name))
