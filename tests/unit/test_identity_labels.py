"""Every table and answer says truthfully what it is in law, and no word of the product claims more."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from governance.documents.warehouse import WarehouseSchema
from governance.identity.labels import label_of_answer, measure
from tests.fixtures.small_warehouse import small_tables, write

ROOT = Path(__file__).parents[2]
SPOKEN = [
    *(ROOT / "wenshu" / "web").rglob("*.html"),
    *(ROOT / "wenshu" / "web").rglob("*.po"),
    *(ROOT / "wenshu" / "web").rglob("*.js"),
    *(path for room in ("wenshu", "nlq", "governance", "audit") for path in (ROOT / room).rglob("*.py")),
    *(path for path in (ROOT / "policies").rglob("*.yaml") if path.parent.name != "lexicon"),  # there stand the words of those who ask
    ROOT / "README.md",
    *(ROOT / "docs").rglob("*.md"),
]
CLAIM = re.compile(r"匿名|(?<!never )(?<!not )(?<!de-)(?<!de)\banonym(?:ous|ised|ized|isation|ization)", re.IGNORECASE)


def test_nothing_is_called_anonymous_while_a_vault_exists() -> None:
    said = [f"{path.relative_to(ROOT)}: {match[0]}" for path in SPOKEN for match in CLAIM.finditer(_own_words(path))]
    assert not said


def _own_words(path: Path) -> str:
    """What the product says itself: what a law or standard demands is told in that law's words."""
    text = path.read_text(encoding="utf-8")
    return re.sub(r"^ *demand:.*$", "", text, flags=re.MULTILINE) if path.parent.name == "controls" else text


@pytest.mark.parametrize(
    ("individual", "persons", "k", "label"),
    [(True, True, 10, "deidentified"), (False, True, 10, "aggregate"), (False, True, 1, "deidentified"), (False, True, 0, "deidentified"), (False, False, 10, "business")],
)
def test_an_answer_that_may_be_about_one_person_is_never_called_an_aggregate(individual: bool, persons: bool, k: int, label: str) -> None:
    assert label_of_answer(individual=individual, persons=persons, k=k) == label


def test_k_is_what_counting_by_hand_gives(tmp_path: Path) -> None:
    schema = WarehouseSchema.model_validate(yaml.safe_load((ROOT / "policies" / "warehouse" / "schema.yaml").read_text(encoding="utf-8")))
    tables = small_tables(5)
    found = {item.table: item for item in measure(write(tmp_path / "w.duckdb", tables), schema)}
    doctors = found["dim_hcp"]
    groups: dict[tuple[object, ...], int] = {}
    for row in tables["dim_hcp"]:
        alike = tuple(row.get(name) for name in doctors.attributes)
        groups[alike] = groups.get(alike, 0) + 1
    assert (doctors.k, doctors.unique) == (min(groups.values()), sum(count == 1 for count in groups.values()))
    assert "hcp_key" not in doctors.attributes
    assert found["fct_touch"].label == "deidentified"
    assert found["fct_sales"].label == found["dim_hospital"].label == "business"
