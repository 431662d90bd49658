"""Reading cells: texts become numbers, flags, times, codes' values. Each different text is read once; what can't be read is marked."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa

from governance.identity.written import fold
from governance.ingest.columns import Column, first_filled, plain
from governance.ingest.masking import Masker

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy.typing as npt

    from governance.documents.extracts import Value
    from governance.documents.warehouse import ColumnType

    BoolArray = npt.NDArray[np.bool_]
    IntArray = npt.NDArray[np.int64]

ARROW: dict[str, pa.DataType] = {
    "text": pa.string(),
    "key": pa.string(),
    "id": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "money": pa.decimal128(18, 2),
    "flag": pa.bool_(),
    "date": pa.date32(),
    "month": pa.date32(),
    "time": pa.timestamp("us"),
}
_TIMES = (
    "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%d", "%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M",
    "%Y/%m/%d", "%Y.%m.%d", "%Y年%m月%d日 %H:%M:%S", "%Y年%m月%d日 %H:%M", "%Y年%m月%d日", "%Y%m%d%H%M%S", "%Y%m%d",
)  # fmt: skip
_MONTHS = ("%Y-%m", "%Y/%m", "%Y.%m", "%Y年%m月", "%Y%m")
_EARLIEST, _LATEST = pd.Timestamp("1900-01-01"), pd.Timestamp("2200-01-01")
_NUMBER = re.compile(r"([-+]?)(?:(\d+(?:\.\d*)?|\.\d+)(?:[eE]([-+]?\d+))?)(%|万|亿)?")
_UNITS = {"": 1.0, "%": 0.01, "万": 1e4, "亿": 1e8}
_TRUE = ("1", "true", "t", "yes", "y", "是", "有", "真", "√")
_FALSE = ("0", "false", "f", "no", "n", "否", "无", "假", "×")
_WHOLE = 1e-9
_MONEY_LIMIT = 1e15
"""From here on a float no longer tells cents apart."""


@dataclass(frozen=True, slots=True)
class Read:
    """Cells as read: an Arrow array (null where empty), and where a cell could not be read or had an unknown code."""

    values: pa.Array
    bad: BoolArray
    unknown: BoolArray


@dataclass(frozen=True, kw_only=True)
class Reader:
    """Reads values in one bundle: its zone and its shared code lists. `row_id` makes the pseudonym of a row's own number."""

    zone: str
    codes: Mapping[str, Mapping[str, Any]]
    masker: Callable[[str], str] = field(default_factory=Masker)

    @cached_property
    def _folded(self) -> dict[str, dict[str, Any]]:
        return {name: {plain(code): value for code, value in codes.items()} for name, codes in self.codes.items()}

    def read(self, value: Value, kind: ColumnType, columns: Mapping[str, Column], count: int) -> Read:
        """Read one value of all rows as `kind`. Keys, ids and look-ups are not read here."""
        nothing = np.zeros(count, dtype=bool)
        if value.constant is not None:
            single = self._cells(value, kind, (str(value.constant),))
            return Read(_repeat(single.values, count), nothing | bool(single.bad[0]), nothing)
        if value.present is not None or value.absent is not None:
            filled = columns[value.present or value.absent or ""].filled()
            return Read(pa.array(filled if value.present else ~filled), nothing, nothing)
        if value.seconds_between is not None:
            return self._seconds(value, kind, columns, count)
        column = first_filled([columns[name] for name in value.column or ()])
        read = self._cells(value, kind, column.words)
        codes = pa.array(column.codes)
        used = read.bad[column.codes], read.unknown[column.codes]
        values = read.values.take(codes)
        if value.otherwise == "empty":
            return Read(values, nothing, nothing)
        return Read(values, *used)

    def _seconds(self, value: Value, kind: ColumnType, columns: Mapping[str, Column], count: int) -> Read:
        start, end = (columns[name] for name in value.seconds_between or ("", ""))
        (first, bad_first), (last, bad_last) = (self._times(value, column.words, _TIMES) for column in (start, end))
        seconds = (last[end.codes] - first[start.codes]) / np.timedelta64(1, "s")
        empty = np.isnan(seconds)
        bad = bad_first[start.codes] | bad_last[end.codes]
        low, high = value.range or (None, None)
        out = ~empty & (
            ((seconds < low) if low is not None else False) | ((seconds > high) if high is not None else False)
        )
        numbers = pa.array(np.where(empty | out, 0.0, seconds), mask=empty | out)
        nothing = np.zeros(count, dtype=bool)
        return Read(
            numbers.cast(ARROW[kind], safe=False),
            nothing if value.otherwise == "empty" else bad | np.asarray(out, dtype=bool),
            nothing,
        )

    # ----------------------------------------------------------------- words, each once

    def _cells(self, value: Value, kind: ColumnType, words: Sequence[str]) -> Read:
        unknown = np.zeros(len(words), dtype=bool)
        texts = list(words)
        if value.default is not None:
            texts = [word or str(value.default) for word in texts]
        if value.map is not None:
            codes = (
                self._folded[value.map]
                if isinstance(value.map, str)
                else {plain(code): out for code, out in value.map.items()}
            )
            default = None if value.default is None else plain(str(value.default))
            for index, word in enumerate(texts):
                key = plain(word)
                if not word or (default is not None and key == default and key not in codes):
                    continue
                if key in codes:
                    texts[index] = "" if codes[key] is None else _written(codes[key])
                elif value.otherwise != "keep":
                    texts[index], unknown[index] = "", True
        values, bad = self._typed(value, kind, texts)
        return Read(values, bad, unknown)

    def _typed(self, value: Value, kind: ColumnType, texts: list[str]) -> tuple[pa.Array, BoolArray]:
        if value.bands:
            numbers, bad = _numbers(value, texts)
            return pa.array([_band(value, number) for number in numbers], pa.string()), bad
        if kind == "text" and value.masked:
            return pa.array([self.masker(text) if text else None for text in texts], pa.string()), np.zeros(len(texts), dtype=bool)
        if kind == "text":
            return pa.array([fold_text(text) or None for text in texts], pa.string()), np.zeros(len(texts), dtype=bool)
        if kind == "flag":
            return _flags(value, texts)
        if kind in {"integer", "number", "money"}:
            numbers, bad = _numbers(value, texts)
            if kind == "money":
                large = np.array([n is not None and abs(n) >= _MONEY_LIMIT for n in numbers], dtype=bool)
                amounts = [None if n is None or o else _cents(n) for n, o in zip(numbers, large, strict=True)]
                return pa.array(amounts, ARROW["money"]), bad | large
            if kind == "integer":
                odd = np.array(
                    [n is not None and abs(n - round(n)) > _WHOLE * max(1.0, abs(n)) for n in numbers], dtype=bool
                )
                return pa.array(
                    [None if n is None or o else round(n) for n, o in zip(numbers, odd, strict=True)], pa.int64()
                ), bad | odd
            return pa.array(numbers, pa.float64()), bad
        times, bad = self._times(value, texts, (*_MONTHS, *_TIMES) if kind == "month" else _TIMES)
        if kind == "month":
            times = times.astype("datetime64[M]").astype("datetime64[us]")
        elif kind == "date":
            times = times.astype("datetime64[D]").astype("datetime64[us]")
        stamps = pa.array(times, pa.timestamp("us"), mask=np.isnat(times))
        return stamps.cast(ARROW[kind]), bad

    def _times(
        self, value: Value, texts: Sequence[str], usual: tuple[str, ...]
    ) -> tuple[npt.NDArray[np.datetime64], BoolArray]:
        """Local times of the texts (NaT where empty or not readable), and which are not readable."""
        result = np.full(len(texts), "NaT", dtype="datetime64[us]")
        # Names of half-days and full-width digits are read as if they were written plainly.
        written = pd.Series(
            [fold(t).strip().replace("上午", "AM").replace("下午", "PM") if t else "" for t in texts], dtype="object"
        )
        left = np.array([bool(text) for text in texts], dtype=bool)
        for form in value.times or usual:
            if not left.any():
                break
            read = self._in_form(written[left], form, value.zone or self.zone)
            good = read.notna().to_numpy()
            rows = np.flatnonzero(left)[good]
            result[rows] = read[good].to_numpy().astype("datetime64[us]")
            left[rows] = False
        return result, left

    def _in_form(self, texts: pd.Series[Any], form: str, zone: str) -> pd.Series[Any]:
        if form in {"epoch_s", "epoch_ms"}:
            numbers = pd.to_numeric(texts, errors="coerce")
            read = pd.to_datetime(numbers, unit="s" if form == "epoch_s" else "ms", utc=True, errors="coerce")
        elif form == "excel":
            numbers = pd.to_numeric(texts, errors="coerce")
            days = pd.to_timedelta(numbers.round(8), unit="D", errors="coerce")
            read = (
                (pd.Timestamp("1899-12-30") + days)
                .dt.round("s")
                .dt.tz_localize(zone, ambiguous="NaT", nonexistent="NaT")
            )
        elif "%z" in form:
            read = pd.to_datetime(texts, format=form, errors="coerce", utc=True)
        else:
            read = pd.to_datetime(texts, format=form, errors="coerce").dt.tz_localize(
                zone, ambiguous="NaT", nonexistent="NaT"
            )
        local = read.dt.tz_convert(self.zone).dt.tz_localize(None)
        return local.where((local >= _EARLIEST) & (local < _LATEST))


def fold_text(text: str) -> str:
    """A text for people: letters and digits folded, invisible characters gone, blanks trimmed and single; punctuation stays."""
    return re.sub(
        r"\s+", " ", "".join(fold(char) if char.isalnum() or not fold(char) else char for char in text)
    ).strip()


def _written(value: object) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def _repeat(values: pa.Array, count: int) -> pa.Array:
    return pa.repeat(values[0], count) if len(values) else pa.nulls(count, values.type)


def _flags(value: Value, texts: list[str]) -> tuple[pa.Array, BoolArray]:
    given = bool(value.is_true or value.is_false)
    true = {plain(text) for text in (value.is_true if given else _TRUE)} | (
        {"true"} if value.map is not None or not value.is_true else set()
    )
    false = {plain(text) for text in (value.is_false if given else _FALSE)} | {"false"}
    others_false = bool(value.is_true) and not value.is_false
    others_true = bool(value.is_false) and not value.is_true
    flags: list[bool | None] = []
    bad = np.zeros(len(texts), dtype=bool)
    for index, text in enumerate(texts):
        word = plain(text)
        if not word:
            flags.append(None)
        elif word in true:
            flags.append(True)
        elif word in false or others_false:
            flags.append(False)
        elif others_true:
            flags.append(True)
        else:
            flags.append(None)
            bad[index] = True
    return pa.array(flags, pa.bool_()), bad


def _numbers(value: Value, texts: list[str]) -> tuple[list[float | None], BoolArray]:
    low, high = value.range or (None, None)
    numbers: list[float | None] = []
    bad = np.zeros(len(texts), dtype=bool)
    for index, text in enumerate(texts):
        number = parse_number(text, value.strip) if text else None
        if number is not None:
            number *= value.scale if value.scale is not None else 1.0
        outside = number is not None and ((low is not None and number < low) or (high is not None and number > high))
        bad[index] = outside or (bool(text) and number is None)
        numbers.append(None if outside else number)
    return numbers, bad


def _cents(number: float) -> Decimal:
    """Return the amount to the cent, halves away from zero; the shortest decimal that means the float is what was written."""
    return Decimal(repr(number)).quantize(Decimal("0.01"), ROUND_HALF_UP)


def parse_number(text: str, strip: Sequence[str] = ()) -> float | None:
    """Read a number: thousands separators, blanks and `strip` removed, %, 万 and 亿 understood, brackets negative."""
    word = fold(text)
    for part in strip:
        word = word.replace(fold(part), "")
    word = re.sub(r"[\s,_¥￥$]", "", word)
    negative = word.startswith("(") and word.endswith(")")
    match = _NUMBER.fullmatch(word.strip("()") if negative else word)
    if match is None:
        return None
    number = float(f"{match[2]}e{match[3] or 0}") * _UNITS[match[4] or ""]
    if number == float("inf"):
        return None
    return -number if negative or match[1] == "-" else number


def _band(value: Value, number: float | None) -> str | None:
    if number is None:
        return None
    return next((band.label for band in value.bands if band.below is None or number < band.below), None)
