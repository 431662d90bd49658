"""Identifiers in their one valid form, or none.

Every function takes what somebody typed and returns the form that is indexed and compared, or None when it can't be that
identifier. None of them guesses: a number with a missing digit is no number.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from governance.identity.names import TITLES
from governance.identity.written import NUMERALS, fold

if TYPE_CHECKING:
    from collections.abc import Callable

_MOBILE = re.compile(r"(?:\+?0{0,2}86|0)?(1[3-9]\d{9})")
_EMAIL = re.compile(
    r"[a-z0-9](?:[a-z0-9._%+'\-]{0,62}[a-z0-9_])?@(?:[^\s@.,;:/\\()<>\[\]]{1,63}\.)+[^\s@.,;:/\\()<>\[\]\d]{2,24}"
)
_LICENSE_LENGTH = 15
_UNIONID = re.compile(r"[A-Za-z0-9_\-]{28}")
_CODE = re.compile(r"[^\s]{1,64}")
_LONGEST_NAME = 64
_SHORTEST_TITLED = 2
_TITLES = re.compile(rf"(.{{2,}}?)(?:{'|'.join(TITLES)})$")
_BRACKETS = re.compile(r"[(\[【「].*?[)\]】」]")
_NOT_IN_NAMES = re.compile(r"[\W_]+")


def mobile(text: str) -> str | None:
    """A mainland mobile number as 11 digits: with or without +86, 0086 or a leading 0, in any writing of digits and separators."""
    # A spreadsheet writes a number as 13800138000.0.
    plain = re.sub(r"^(\d+)\.0$", r"\1", fold(text).translate(NUMERALS).strip())
    match = _MOBILE.fullmatch(re.sub(r"[\s\-./()·_]", "", plain))
    return match[1] if match else None


def email(text: str) -> str | None:
    """An e-mail address in lower case. The part before the @ is folded as well: in practice no mailbox differs by case."""
    plain = re.sub(r"\s", "", fold(text)).lower().removeprefix("mailto:").strip("<>;,")
    return plain if _EMAIL.fullmatch(plain) else None


def license_number(text: str) -> str | None:
    """A 医师执业证书编码: 15 digits, not all the same."""
    digits = re.sub(r"[\s\-]", "", fold(text))
    return (
        digits
        if len(digits) == _LICENSE_LENGTH and digits.isascii() and digits.isdigit() and len(set(digits)) > 1
        else None
    )


def unionid(text: str) -> str | None:
    """A WeChat unionid: 28 characters, case matters."""
    plain = unicodedata.normalize("NFKC", text).strip()
    return plain if _UNIONID.fullmatch(plain) else None


def code(text: str) -> str | None:
    """A number that a system gave (CRM, employee, hospital, content): without blanks, in capitals, at most 64 characters."""
    # Once more, because capitals and characters that come together can fold further.
    plain = re.sub(r"\s", "", fold(re.sub(r"\s", "", fold(text)).upper())).upper()
    return plain if _CODE.fullmatch(plain) else None


def name(text: str) -> str | None:
    """A person's name for comparing: folded, without blanks, dots, brackets and a title behind it, in lower case."""
    plain = _NOT_IN_NAMES.sub("", _BRACKETS.sub("", fold(text)))
    titled = _TITLES.fullmatch(plain)
    plain = (titled[1] if titled else plain).lower()
    return plain if 1 < len(plain) <= _LONGEST_NAME and not any(char.isdigit() for char in plain) else None


def house(text: str) -> str | None:
    """A hospital's or another thing's name for comparing: folded, without blanks and punctuation, in lower case."""
    plain = _NOT_IN_NAMES.sub("", fold(text)).lower()
    return plain or None


_PERSON: dict[str, Callable[[str], str | None]] = {
    "crm_id": code,
    "mobile": mobile,
    "email": email,
    "license": license_number,
    "unionid": unionid,
    "employee": code,
    "code": code,
    "name": name,
}


def normaliser(kind: str, *, person: bool = True) -> Callable[[str], str | None]:
    """Return the function for an identifier type (`mobile`, `name`, `account_wecom` …). Things' names are compared as `house`."""
    if kind == "name" and not person:
        return house
    return _PERSON.get(kind, code)


def same_name(one: str, other: str) -> bool:
    """Whether two compared names can be one person's, allowing for one typing error or a name cut short.

    Equal, or of one surname or of one given name with at most one character of difference; 张伟 and 李娜 are two persons.
    """
    if one == other:
        return True
    if abs(len(one) - len(other)) > 1:
        return False
    if len(one) == len(other):
        differing = sum(a != b for a, b in zip(one, other, strict=True))
        swapped = sorted(one) == sorted(other)
        return differing <= 1 or swapped
    longer, shorter = (one, other) if len(one) > len(other) else (other, one)
    return any(longer[:i] + longer[i + 1 :] == shorter for i in range(len(longer)))
