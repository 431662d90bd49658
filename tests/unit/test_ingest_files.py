"""Extracts as they arrive: encodings, marks, broken lines; a file that can't be used says why in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from governance.documents.extracts import Mapping
from governance.errors import IngestError
from governance.ingest.carriers import sources
from governance.ingest.files import Extract, find, read


def _mapping(**more: object) -> Mapping:
    base = {
        "format": 1,
        "extract": "people",
        "files": "people*.csv",
        "load": [{"table": "t", "fields": {"x": "姓名", "y": "n"}}],
    }
    return Mapping.model_validate(base | more)


def _read(folder: Path, raw: bytes, **more: object) -> Extract:
    (folder / "people.csv").write_bytes(raw)
    mapping = _mapping(**more)
    return read(find(sources(folder), mapping), mapping)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "utf-32"])
def test_every_encoding_of_a_spreadsheet_is_read(tmp_path: Path, encoding: str) -> None:
    mark = b"\xff\xfe" if encoding == "utf-16-le" else b""
    extract = _read(tmp_path, mark + '姓名,n\r\n张伟,1\r\n"李,\n娜",2\r\n'.encode(encoding))
    assert extract.columns["姓名"].texts() == ["张伟", "李,\n娜"]
    assert extract.columns["n"].texts() == ["1", "2"]
    assert extract.row.tolist() == [1, 2]


def test_rows_with_too_many_or_too_few_cells_are_told_by_their_number(tmp_path: Path) -> None:
    extract = _read(tmp_path, "姓名,n\na,1\nb\nc,2\nd,1,2\ne,3\n".encode())
    assert extract.row.tolist() == [1, 3, 5]
    assert extract.broken == ((0, 2), (0, 4))


def test_several_files_are_one_extract_and_keep_their_row_numbers(tmp_path: Path) -> None:
    (tmp_path / "people_2.csv").write_bytes("n,姓名,extra\n9,z,x\n".encode())
    extract = _read(tmp_path, "姓名,n\na,1\nb,2\n".encode())
    assert extract.files == ("people.csv", "people_2.csv")
    assert extract.columns["n"].texts() == ["1", "2", "9"]
    assert list(zip(extract.file.tolist(), extract.row.tolist(), strict=True)) == [(0, 1), (0, 2), (1, 1)]


def test_words_for_nothing_are_empty(tmp_path: Path) -> None:
    extract = _read(tmp_path, "姓名,n\nNULL,\\N\n \u3000,N/A\n".encode())
    assert extract.columns["姓名"].texts() == extract.columns["n"].texts() == ["", ""]


def test_lines_before_the_header_can_be_skipped(tmp_path: Path) -> None:
    extract = _read(
        tmp_path, "报表\n导出时间 2026-10-03\n姓名;n\na;1\n".encode(), read={"skip_lines": 2, "delimiter": ";"}
    )
    assert extract.columns["n"].texts() == ["1"]


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", r"people\.csv is empty"),
        (b"  \n", r"people\.csv is empty"),
        (b"\x80\x81\xff\xfe,n\n", "is not text in utf-8 or gb18030; name its encoding"),
        ("姓名,n\na,1\x00\n".encode(), "holds binary data"),
        ("姓名,n,n\na,1,2\n".encode(), "line 1: two columns are called 'n'"),
        (b"name,n\na,1\n", "lacks the column '姓名' that extracts/people.yaml names.* The file has: name, n"),
        ("姓名,N\na,1\n".encode(), "lacks the column 'n'.* The file has: 姓名, N"),
        ('姓名,n\na,"1\nb,2\n'.encode(), "line 2 or before: a quotation mark is not closed"),
        ("姓名;n\na;1\nb;2\n".encode(), "lacks the column"),
    ],
)
def test_a_file_that_can_not_be_used_says_why_in_one_line(tmp_path: Path, raw: bytes, said: str) -> None:
    with pytest.raises(IngestError, match=said) as caught:
        _read(tmp_path, raw)
    assert "\n" not in str(caught.value)


def test_a_wrong_delimiter_in_most_rows_stops_the_load(tmp_path: Path) -> None:
    with pytest.raises(IngestError, match=r"3 of 3 rows don't have the header's 2 columns; check `read.delimiter`"):
        _read(tmp_path, "姓名,n\na;1\nb;2\nc;3\n".encode())
