"""The leak scan finds a planted identifier in any column, and lets honest dimensions be."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from governance.errors import IngestError
from governance.identity.leaks import Known, scan

KNOWN = Known(
    identifiers=frozenset(
        {
            ("mobile", "13800138000"),
            ("email", "a@b.example"),
            ("crm_id", "C0000001"),
            ("crm_id", "A"),
            ("account_wecom", "WMABCDEF9"),
        }
    ),
    names=frozenset({"张伟", "李娜", "王芳", "欧阳小明", "王小明"}),
)
KEY = "H1-0000000000000000" + "0"
ROW = "0123456789abcdef01234567"


def _scan(tmp_path: Path, values: list[str], *, number: int = 5, key: str = KEY, row: str = ROW) -> None:
    path = tmp_path / "w.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE fct (row_id VARCHAR, hcp_key VARCHAR, note VARCHAR, n BIGINT)")
        connection.executemany("INSERT INTO fct VALUES (?, ?, ?, ?)", [[row, key, value, number] for value in values])
    scan(path, KNOWN, forms={"fct": {"row_id": "id", "hcp_key": "key"}})


@pytest.mark.parametrize(
    "value", ["华东", "A", "心内科", "张伟", "康舒平：指南（2026）", "400-800-8000", "E-Detailing", "2026-10"]
)
def test_honest_values_pass(tmp_path: Path, value: str) -> None:
    _scan(tmp_path, ["华北", value])


@pytest.mark.parametrize(
    "value",
    [
        "13800138000", "+86 138-0013-8000", "19912345678", "请联系１３８００１３８０００", "a@b.example", "写信给 Someone@Clinic.CN", "C0000001", "c000 0001",
        "欧阳小明", "身份证11010519491231002X", "oABCDEFGHIJKLMNOPQRSTUVWXYZ1", "110310105012341", "wmabcdef9",
    ],
)  # fmt: skip
def test_a_planted_identifier_is_found_and_not_repeated(tmp_path: Path, value: str) -> None:
    with pytest.raises(IngestError, match=r"in fct\.note; nothing was loaded") as caught:
        _scan(tmp_path, ["华北", value])
    assert value not in str(caught.value)


def test_many_short_names_are_no_chance(tmp_path: Path) -> None:
    with pytest.raises(IngestError, match=r"persons' names in fct\.note"):
        _scan(tmp_path, ["张伟", "李娜", "王芳"])


def test_names_inside_other_texts_are_no_chance_either(tmp_path: Path) -> None:
    with pytest.raises(IngestError, match=r"persons' names in fct\.note"):
        _scan(tmp_path, ["王小明组", "二组王小明", "王小明 团队"])


def test_a_phone_in_a_number_column_is_found(tmp_path: Path) -> None:
    with pytest.raises(IngestError, match=r"a mobile number in fct\.n"):
        _scan(tmp_path, ["x"], number=13800138000)


@pytest.mark.parametrize("wrong", [{"key": "C0000001"}, {"key": "张伟"}, {"row": "V0000001"}])
def test_a_key_that_is_no_pseudonym_is_found(tmp_path: Path, wrong: dict[str, str]) -> None:
    with pytest.raises(IngestError, match="something that is no pseudonym"):
        _scan(tmp_path, ["x"], **wrong)
