"""The events of a filter as a file: CSV, Excel or JSONL. All of them, oldest first; exporting is recorded before the first byte leaves."""

from __future__ import annotations

import csv
import io
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Literal, get_args

from governance.errors import InvalidQuery, nearest
from governance.terms import Actor, Language, Text
from wenshu.desk.door import Door
from wenshu.desk.filters import read_filter, sayable
from wenshu.desk.four_eyes import FourEyes
from wenshu.desk.second import SecondOfficers

Kind = Literal["csv", "xlsx", "jsonl"]
KINDS: tuple[Kind, ...] = get_args(Kind)
MEDIA: Mapping[Kind, str] = MappingProxyType(
    {
        "csv": "text/csv; charset=utf-8",
        "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "jsonl": "application/x-ndjson",
    }
)
SHEET_ROWS = 1_000_000
"""Rows of a sheet; more go on to the next one (Excel's own limit is 1,048,576)."""
PIECE = 1000
COLUMNS: Mapping[str, Text] = MappingProxyType(
    {
        "index": Text(zh="编号", en="Number"),
        "time": Text(zh="时间 (UTC)", en="Time (UTC)"),
        "type": Text(zh="事件", en="Type"),
        "actor": Text(zh="人员", en="Person"),
        "role": Text(zh="角色", en="Role"),
        "department": Text(zh="部门", en="Department"),
        "purpose": Text(zh="目的", en="Purpose"),
        "decision": Text(zh="裁决", en="Decision"),
        "outcome": Text(zh="结果", en="Outcome"),
        "code": Text(zh="原因", en="Reason"),
        "rule": Text(zh="规则", en="Rule"),
        "metrics": Text(zh="指标", en="Metrics"),
        "classes": Text(zh="数据类别", en="Classes"),
        "rows": Text(zh="放行行数", en="Rows told"),
        "suppressed": Text(zh="隐藏数", en="Hidden"),
        "case": Text(zh="案件", en="Case"),
        "surface": Text(zh="入口", en="Surface"),
        "session": Text(zh="会话", en="Session"),
        "question": Text(zh="问题（已遮蔽）", en="Question (screened)"),
        "request": Text(zh="请求", en="Request"),
        "id": Text(zh="事件号", en="Event"),
    }
)
"""Columns of a table, named as the stored line names them."""


class Exporting:
    """Writes events to files for reviewers."""

    def __init__(self, door: Door, second: SecondOfficers, eyes: FourEyes) -> None:
        self._door, self._second, self._eyes = door, second, eyes

    def export(self, actor: Actor, filters: Mapping[str, str], kind: str, language: Language = "zh") -> tuple[str, Iterator[bytes]]:
        """Return media type and bytes of the file. Recorded as `ledger.exported` with filter, form and number of events before anything is given.

        Raises InvalidQuery for an unknown form or filter. An event that needs a second officer is listed without its detail.
        """
        if kind not in KINDS:
            raise InvalidQuery(f"unknown form {kind!r}.{nearest(kind, KINDS)} Forms: {', '.join(KINDS)}.")
        wanted = read_filter(filters, self._door.zone)
        self._door.insist(actor, "export")
        self._eyes.insist(actor, "export", {**filters, "form": kind}, {**sayable(filters, self._door), "form": kind})
        reader = self._door.reader
        total, last = reader.count(wanted), reader.count()
        detail = {"filters": sayable(filters, self._door), "form": kind, "events": total}
        self._door.enter(actor, "export", detail, kind="ledger.exported")

        def events() -> Iterator[dict[str, Any]]:
            after: int | None = None
            while True:
                page = reader.search(wanted, after=after, limit=PIECE, newest_first=False)
                for event in page.events:
                    if event.index >= last:  # came after the export was recorded
                        return
                    yield self._second.listed(event.told())
                after = page.after
                if after is None:
                    return

        write: Mapping[str, Callable[[Iterator[dict[str, Any]], Language], Iterator[bytes]]] = {"csv": _csv, "xlsx": _xlsx, "jsonl": _jsonl}
        return MEDIA[kind], write[kind](events(), language)


def row_of(event: Mapping[str, Any]) -> list[str | int | None]:
    """An event as a row of `COLUMNS`."""
    detail = event.get("detail") or {}
    return [_cell(detail.get(name) if name not in event else event[name]) for name in COLUMNS]


def _cell(value: Any) -> str | int | None:
    if value is None or isinstance(value, int):
        return value
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    # A cell that begins like a formula would be run by a spreadsheet.
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text


def _csv(events: Iterator[dict[str, Any]], language: Language) -> Iterator[bytes]:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    yield b"\xef\xbb\xbf"  # else Excel reads Chinese as Latin
    writer.writerow([label[language] for label in COLUMNS.values()])
    for event in events:
        writer.writerow(row_of(event))
        if buffer.tell() > 65_536:
            yield buffer.getvalue().encode()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue().encode()


def _jsonl(events: Iterator[dict[str, Any]], _language: Language) -> Iterator[bytes]:
    for event in events:
        yield json.dumps(event, ensure_ascii=False, sort_keys=True).encode() + b"\n"


def _xlsx(events: Iterator[dict[str, Any]], language: Language) -> Iterator[bytes]:
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet: Any = None
    for number, event in enumerate(events):
        if number % SHEET_ROWS == 0:
            sheet = _sheet(book, language)
        sheet.append(row_of(event))
    if sheet is None:
        _sheet(book, language)
    with tempfile.TemporaryFile() as file:
        book.save(file)
        file.seek(0)
        while piece := file.read(65_536):
            yield piece


def _sheet(book: Any, language: Language) -> Any:
    sheet = book.create_sheet({"zh": "事件", "en": "Events"}[language] + (f" {len(book.sheetnames) + 1}" if book.sheetnames else ""))
    sheet.freeze_panes = "B2"
    sheet.append([label[language] for label in COLUMNS.values()])
    return sheet
