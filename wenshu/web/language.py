"""Chinese and English: which one a reader gets, the catalogue of words, and how numbers and times are said.

Catalogues are `.po` files, read at start: there is no compiled file that could lag behind its source.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_datetime, format_timedelta
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from flask import Flask, Response, current_app, g, request
from flask_babel import Babel, Domain, get_babel, get_locale, gettext

from governance.terms import Language, Text

LANGUAGES: tuple[Language, ...] = ("zh", "en")
NAMES: Mapping[Language, str] = {"zh": "中文", "en": "English"}
TAGS: Mapping[Language, str] = {"zh": "zh-CN", "en": "en"}
COOKIE = "wenshu_language"
CATALOGUES = Path(__file__).with_name("translations")
_YEAR = 31_536_000


class _Catalogues(Domain):  # type: ignore[misc] # flask-babel has no types
    """The words of each language, made once from the `.po` files. English is the source and needs none."""

    def __init__(self) -> None:
        super().__init__()
        self._words = {language: read_catalogue(language) for language in LANGUAGES}

    def get_translations(self) -> NullTranslations:
        return self._words[current()]


def read_catalogue(language: Language) -> NullTranslations:
    """Return the language's words, of every `.po` file in its folder (one a room); a language without any says the source's."""
    words: Catalog | None = None
    for path in sorted((CATALOGUES / language / "LC_MESSAGES").glob("*.po")):
        with path.open("rb") as source:
            read = read_po(source, locale=language)
        if words is None:
            words = read
            continue
        for message in read:
            if message.id and message.id not in words:
                words[message.id] = message
    if words is None:
        return NullTranslations()
    compiled = io.BytesIO()
    write_mo(compiled, words)
    compiled.seek(0)
    return Translations(compiled)


def install(app: Flask, zone: str) -> None:
    """Give the app its languages. `zone` is the IANA name of the company's time zone."""
    Babel(app, default_locale="zh", default_timezone=zone, locale_selector=negotiate)
    with app.app_context():
        get_babel().instance.domain_instance = _Catalogues()
    app.extensions["wenshu.zone"] = ZoneInfo(zone)
    app.after_request(_remember)


def negotiate() -> Language:
    """The reader's language: `?lang=`, else the cookie, else what the browser prefers, else Chinese."""
    for wanted in (request.args.get("lang"), request.cookies.get(COOKIE)):
        if wanted in LANGUAGES:
            return wanted
    # A header that names neither language means Chinese: the product's first readers.
    return cast(Language, request.accept_languages.best_match(LANGUAGES, default="zh"))


def current() -> Language:
    """The language of this request."""
    return "en" if str(get_locale()) == "en" else "zh"


def translate(message: str, **values: object) -> str:
    """Return a message in the reader's language; modules import it as `_`, the name that the extraction of words looks for."""
    return str(gettext(message, **values))


def say(words: object, language: Language | None = None) -> str:
    """Return words in the language: a `Text`, `{"zh": …, "en": …}`, a plain string, or "" for None."""
    language = language or current()
    if words is None:
        return ""
    if isinstance(words, Text):
        return words[language]
    if isinstance(words, Mapping):
        return str(words.get(language) or next(iter(words.values()), ""))
    return str(words)


def moment(value: object) -> datetime | None:
    """Return an aware datetime from one, or from ISO 8601 text; None for anything else."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    if not isinstance(value, datetime):
        return None
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def ago(value: object, now: datetime) -> str:
    """Return `2 分钟前` / `2 minutes ago`; what is within a minute is `刚刚` / `just now`."""
    at = moment(value)
    if at is None:
        return ""
    delta = at - now
    if abs(delta) < timedelta(minutes=1):
        return "刚刚" if current() == "zh" else "just now"
    if abs(delta.total_seconds()) > _YEAR:
        return exact(at)
    return str(format_timedelta(delta, add_direction=True, locale=_locale()))


def exact(value: object) -> str:
    """Return the exact local time with seconds, `2026-11-22 09:05:00 GMT+08:00`."""
    at = moment(value)
    zone = current_app.extensions["wenshu.zone"]
    return "" if at is None else format_datetime(at, "yyyy-MM-dd HH:mm:ss ZZZZ", tzinfo=zone, locale=_locale())


def _locale() -> Locale:
    return Locale.parse("zh_Hans_CN" if current() == "zh" else "en_GB")


def _remember(response: Response) -> Response:
    wanted = request.args.get("lang")
    if wanted in LANGUAGES:
        secure = bool(g.get("secure_cookies", False))
        response.set_cookie(COOKIE, wanted, max_age=_YEAR, httponly=True, samesite="Lax", secure=secure)
    response.vary.add("Accept-Language")
    response.vary.add("Cookie")
    return response
