"""Festivals by name: a year's days off around each, taken from the `holidays` calendar of the bundle's country.

Names come from that calendar in both languages; beside them stand a few everyday short forms (五一, 国庆) and the fixed shopping days.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from governance.terms import Period
from nlq.words.normalise import has_chinese, normalise

_ALIASES: dict[str, tuple[str, ...]] = {
    "春节": ("过年", "新春", "农历新年", "spring festival", "chinese new year", "lunar new year", "cny holiday"),
    "国庆节": ("国庆", "十一假期", "十一黄金周", "十一期间", "十一长假", "national day", "golden week"),
    "劳动节": ("五一", "labour day", "labor day", "may day"),
    "清明节": ("清明", "tomb sweeping day", "tomb-sweeping day", "qingming"),
    "端午节": ("端午", "dragon boat festival", "dragon boat"),
    "中秋节": ("中秋", "mid-autumn festival", "mid autumn festival", "mid-autumn"),
    "元旦": ("新年", "元旦节", "new year's day", "new years day"),
}
_FIXED: dict[str, tuple[int, int]] = {"双十一": (11, 11), "双11": (11, 11), "双十二": (12, 12), "双12": (12, 12), "圣诞节": (12, 25), "圣诞": (12, 25)}
_FIXED_ENGLISH: dict[str, tuple[int, int]] = {"singles' day": (11, 11), "singles day": (11, 11), "christmas day": (12, 25), "christmas": (12, 25)}
EVERYDAY = frozenset((*_ALIASES, *(word for words in _ALIASES.values() for word in words), *_FIXED, *_FIXED_ENGLISH))
"""The everyday names of festivals and shopping days."""
_SUBSTITUTE = re.compile(r"\s*\(.*\)$")
_OFF = re.compile(r"休息日|day off", re.IGNORECASE)
_EVES = {"农历除夕": "春节", "除夕": "春节"}
DAY_ITSELF = "@day"
"""Ends the key of a festival's own day, without the days off around it: 国庆当天."""


def _plain(name: str) -> str:
    return _EVES.get(name, _SUBSTITUTE.sub("", unicodedata.normalize("NFKC", name)).strip())


@dataclass(slots=True)
class FestivalCalendar:
    """The festivals of one country. `names` maps every way to say one (normalised) to its key; `period` gives its days in a year."""

    country: str
    names: dict[str, str] = field(default_factory=dict)
    _languages: list[str] = field(default_factory=list)
    _years: dict[int, dict[str, Period]] = field(default_factory=dict)
    _worked: set[date] = field(default_factory=set)
    """Weekend days that are worked in exchange for a bridge day (调休)."""

    def __post_init__(self) -> None:
        import holidays

        supported = getattr(holidays.country_holidays(self.country), "supported_languages", ()) or ("en_US",)
        self._languages = [lang for lang in ("zh_CN", "en_US") if lang in supported] or [supported[0]]
        for year in (2024, 2025, 2026):
            by_language = [self._days(year, language) for language in self._languages]
            for day, first in by_language[0].items():
                if _OFF.search(first):
                    continue
                for names in by_language:
                    for name in re.split(r"[;;]", names.get(day, "")):
                        if not _OFF.search(name):
                            self._add(_plain(name.strip()), _plain(first.split(";")[0].strip()))
        for key, others in _ALIASES.items():
            if key in self.names.values():
                for other in others:
                    self._add(other, key)
        for name, (month, fixed_day) in (_FIXED | _FIXED_ENGLISH).items():
            self._add(name, f"fixed:{month}-{fixed_day}")
        for name, key in list(self.names.items()):
            if has_chinese(name):
                self._add(f"{name.removesuffix('节')}档", key)  # 国庆档, 春节档

    def _add(self, name: str, key: str) -> None:
        said = normalise(name)
        if len(said) >= 2 and said not in self.names:
            self.names[said] = key

    def _days(self, year: int, language: str) -> dict[date, str]:
        import holidays

        table: Any = holidays.country_holidays(self.country, years=[year], language=language)
        self._worked.update(getattr(table, "weekend_workdays", ()))
        return dict(sorted(table.items()))

    def period(self, key: str, year: int) -> Period | None:
        """Return the days that a festival spans in `year`: its own days with the bridge days and weekends that touch them."""
        if key.startswith("fixed:"):
            month, day = (int(part) for part in key[6:].split("-"))
            return Period(start=date(year, month, day), end=date(year, month, day) + timedelta(days=1))
        if not 1950 <= year <= 2100:
            return None
        if key.endswith(DAY_ITSELF):
            return self._itself(key.removesuffix(DAY_ITSELF), year)
        if year not in self._years:
            self._years[year] = self._spans(year)
        return self._years[year].get(key)

    def _itself(self, key: str, year: int) -> Period | None:
        """The festival's own first day: 正月初一, not the eve before it nor the days off after it."""
        for day, names in self._days(year, self._languages[0]).items():
            own = [name.strip() for name in re.split(r"[;;]", names) if not _OFF.search(name)]
            if any(_plain(name) == key and name not in _EVES for name in own):
                return Period(start=day, end=day + timedelta(days=1))
        return None

    def _spans(self, year: int) -> dict[str, Period]:
        table = self._days(year, self._languages[0])
        own: dict[str, list[date]] = {}
        off = set()
        for day, name in table.items():
            if _OFF.search(name):
                off.add(day)
            else:
                for part in re.split(r"[;;]", name):
                    own.setdefault(_plain(part.strip()), []).append(day)
        spans = {}
        for key, days in own.items():
            others = {day for name, theirs in own.items() if name != key for day in theirs}
            first, last = min(days), max(days)
            if (last - first).days > 20:
                last = max(day for day in days if (day - first).days <= 20)
            step = timedelta(days=1)
            taken = others | self._worked
            while (first - step) in off or ((first - step).weekday() >= 5 and (first - step) not in taken):
                first -= step
            while (last + step) in off or ((last + step).weekday() >= 5 and (last + step) not in taken) or ((last + step) in others and (last + step + step) in off):
                last += step  # over another festival's day, where the days off go on behind it: 中秋 within 国庆
            spans[key] = Period(start=first, end=last + step)
        return spans
