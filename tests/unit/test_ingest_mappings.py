"""A mistake in a mapping is named with its file, its line and what was probably meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from governance.errors import BundleError, IngestError
from governance.ingest.mappings import load_plan

POLICIES = Path(__file__).parents[2] / "policies"

GOOD = """format: 1
extract: people
files: people.csv
keys:
  hcp_key: {crm_id: id, mobile: phone}
  hospital_key: {code: house}
load:
  - table: dim_hcp
    fields:
      region: {lookup: dim_hospital.region}
      title: {column: post, map: post}
"""


def _bundle(folder: Path, mapping: str) -> Path:
    (folder / "extracts").mkdir()
    (folder / "warehouse").mkdir()
    (folder / "warehouse" / "schema.yaml").write_bytes((POLICIES / "warehouse" / "schema.yaml").read_bytes())
    (folder / "extracts" / "codes.yaml").write_text("format: 1\ncodes:\n  post: {a: 主任医师}\n", encoding="utf-8")
    (folder / "extracts" / "people.yaml").write_text(mapping, encoding="utf-8")
    return folder


def test_the_demos_mappings_are_sound_and_registers_come_first() -> None:
    order = [mapping.extract for mapping in load_plan(POLICIES).mappings]
    assert set(order[:2]) == {"content", "hospitals"}
    assert set(order[2:4]) == {"crm_hcp", "reps"}
    assert len(order) == 17


def test_a_sound_mapping_is_read(tmp_path: Path) -> None:
    (mapping,) = load_plan(_bundle(tmp_path, GOOD)).mappings
    assert set(mapping.used_columns()) == {"id", "phone", "house", "post"}


@pytest.mark.parametrize(
    ("change", "where", "said"),
    [
        (
            ("table: dim_hcp", "table: dim_hpc"),
            8,
            "'dim_hpc' is no table of warehouse/schema.yaml. Did you mean dim_hcp",
        ),
        (("title: {", "titel: {"), 11, "dim_hcp has no column 'titel'. Did you mean title"),
        (("map: post", "map: posts"), 11, "'posts' is no code list of extracts/codes.yaml. Did you mean post"),
        (("dim_hospital.region", "dim_hospital.regoin"), 10, "Did you mean dim_hospital.region"),
        (("hcp_key:", "hpc_key:"), 5, "'hpc_key' is no key column of warehouse/schema.yaml. Did you mean hcp_key"),
        (("{code: house}", "{crm_id: house}"), 6, "'crm_id' doesn't identify a hospital; use code, name"),
        (("mobile: phone", "code: phone"), 5, "'code' doesn't identify a hcp"),
        (("files: people.csv", "file: people.csv"), 3, "unknown key 'file'. Did you mean files"),
        (("{column: post, map: post}", "{column: post, constant: x}"), 11, "takes exactly one of column, constant"),
        (("{column: post, map: post}", "{column: post, map: {yes: x}}"), 11, "must be written in quotes"),
        (("mobile: phone", "phone: phone"), 5, "'phone' is no identifier type: use crm_id, employee,"),
        (
            ("title: {column: post, map: post}", "hospital_key: house"),
            11,
            "hospital_key is a pseudonym: say under `keys`",
        ),
        (("  hcp_key: {crm_id: id, mobile: phone}\n", ""), 7, "dim_hcp.hcp_key is required: say under `keys`"),
    ],
)
def test_a_mistake_is_named_with_file_and_line(tmp_path: Path, change: tuple[str, str], where: int, said: str) -> None:
    assert change[0] in GOOD
    with pytest.raises(BundleError) as caught:
        load_plan(_bundle(tmp_path, GOOD.replace(*change)))
    assert any(
        str(problem).startswith(f"extracts/people.yaml:{where}: ") and said in str(problem)
        for problem in caught.value.problems
    ), str(caught.value)


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    broken = GOOD.replace("title: {", "titel: {").replace("map: post", "map: posts")
    with pytest.raises(BundleError) as caught:
        load_plan(_bundle(tmp_path, broken.replace("hcp_key:", "hpc_key:")))
    assert len(caught.value.problems) >= 3


def test_a_bundle_without_mappings_says_what_to_write(tmp_path: Path) -> None:
    folder = _bundle(tmp_path, GOOD)
    (folder / "extracts" / "people.yaml").unlink()
    with pytest.raises(IngestError, match=r"no extracts/\*\.yaml: write a mapping"):
        load_plan(folder)


def test_one_entity_has_one_register(tmp_path: Path) -> None:
    folder = _bundle(tmp_path, GOOD)
    (folder / "extracts" / "more.yaml").write_text(GOOD.replace("extract: people", "extract: more"), encoding="utf-8")
    with pytest.raises(BundleError, match="dim_hcp is already the register that"):
        load_plan(folder)
