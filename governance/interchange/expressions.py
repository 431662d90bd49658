"""Reading the SQL in which others write filters, columns and arithmetic: a small typed subset, everything else refused by name.

The result is a tree of `syntax`. Nothing of the text survives in it but column names and literal values.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from governance.interchange.nouns import NotCarriedError
from governance.interchange.syntax import (
    Among,
    Arithmetic,
    Between,
    Both,
    Call,
    Case,
    Cast,
    Column,
    Compare,
    Constant,
    Either,
    Is,
    Node,
    Not,
    Null,
)
from governance.interchange.templates import reference

MAX_LENGTH = 8_000
MAX_DEPTH = 60

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<template>\{\{.*?\}\})
      | (?P<string>'(?:[^']|'')*')
      | (?P<quoted>"(?:[^"]|"")+")
      | (?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|\.\d+)
      | (?P<word>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<op><>|!=|<=|>=|::|\|\||[-+*/=<>(),.])
    )""",
    re.VERBOSE | re.DOTALL,
)
_FLIPPED = {"=": "=", "<>": "<>", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_RESERVED = frozenset(["AND", "OR", "NOT", "IN", "IS", "NULL", "BETWEEN", "CASE", "WHEN", "THEN", "ELSE", "END", "LIKE", "ILIKE", "AS", "DISTINCT"])


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str

    @property
    def word(self) -> str:
        return self.text.upper() if self.kind == "word" else ""


def _tokens(text: str) -> Iterator[_Token]:
    if len(text) > MAX_LENGTH:
        raise NotCarriedError("the expression is too long to be read")
    position, end = 0, len(text.rstrip())
    while position < end:
        found = _TOKEN.match(text, position)
        if found is None or found.lastgroup is None:
            raise NotCarriedError(f"{text[position : position + 12].strip()!r} is not understood")
        position = found.end()
        yield _Token(found.lastgroup, found.group(found.lastgroup))


class _Parser:
    """Recursive descent over one text: `or`, `and`, `not`, tests, sums, products, atoms."""

    def __init__(self, text: str) -> None:
        self.items = list(_tokens(text))
        self.at = 0
        self.depth = 0

    def _peek(self, ahead: int = 0) -> _Token:
        position = self.at + ahead
        return self.items[position] if position < len(self.items) else _Token("end", "")

    def _take(self) -> _Token:
        token = self._peek()
        self.at += 1
        return token

    def _word(self, *words: str) -> bool:
        if self._peek().word in words:
            self.at += 1
            return True
        return False

    def _op(self, *ops: str) -> str | None:
        token = self._peek()
        if token.kind == "op" and token.text in ops:
            self.at += 1
            return token.text
        return None

    def _expect(self, text: str) -> None:
        token = self._take()
        if token.text.upper() != text:
            raise NotCarriedError(f"{text!r} was expected where {token.text or 'the end'!r} stands")

    def whole(self) -> Node:
        found = self._or()
        if self._peek().kind != "end":
            raise NotCarriedError(f"{self._peek().text!r} is not understood")
        return found

    def _many(self, word: str, part: Callable[[], Node], make: Callable[[tuple[Node, ...]], Node]) -> Node:
        items = [part()]
        while self._word(word):
            items.append(part())
        return items[0] if len(items) == 1 else make(tuple(items))

    def _or(self) -> Node:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise NotCarriedError("the expression is nested too deeply")
        found = self._many("OR", self._and, Either)
        self.depth -= 1
        return found

    def _and(self) -> Node:
        return self._many("AND", self._not, Both)

    def _not(self) -> Node:
        count = 0
        while self._word("NOT"):
            count += 1
        found = self._test()
        return Not(found) if count % 2 else found

    def _test(self) -> Node:
        left = self._sum()
        op = self._op("=", "<>", "!=", "<", "<=", ">", ">=")
        if op is not None:
            return compared("<>" if op == "!=" else op, left, self._sum())
        negated = self._peek().word == "NOT" and self._peek(1).word in {"IN", "BETWEEN", "LIKE", "ILIKE"}
        if negated:
            self.at += 1
        if self._word("IN"):
            self._expect("(")
            values = [self._sum()]
            while self._op(","):
                values.append(self._sum())
            self._expect(")")
            return Among(left, tuple(values), negated)
        if self._word("BETWEEN"):
            low = self._sum()
            self._expect("AND")
            return Between(left, low, self._sum(), negated)
        if self._word("IS"):
            negated = self._word("NOT")
            values_of: dict[str, bool | None] = {"NULL": None, "TRUE": True, "FALSE": False}
            word = self._take().word
            if word not in values_of:
                raise NotCarriedError(f"IS {word} has no counterpart")
            return Is(left, values_of[word], negated)
        if self._peek().word in {"LIKE", "ILIKE"}:
            raise NotCarriedError("patterns (LIKE) have no counterpart")
        return left

    def _sum(self) -> Node:
        left = self._product()
        while op := self._op("+", "-"):
            left = Arithmetic("+" if op == "+" else "-", left, self._product())
        if self._op("||"):
            raise NotCarriedError("joining texts (||) has no counterpart")
        return left

    def _product(self) -> Node:
        left = self._signed()
        while op := self._op("*", "/"):
            left = Arithmetic("*" if op == "*" else "/", left, self._signed())
        return left

    def _signed(self) -> Node:
        negative = False
        while op := self._op("-", "+"):
            negative ^= op == "-"
        found = self._atom()
        while self._op("::"):
            found = _cast(found, self._type())
        if not negative:
            return found
        if isinstance(found, Constant) and isinstance(found.value, (int, float)) and not isinstance(found.value, bool):
            return Constant(-found.value)
        return Arithmetic("-", Constant(0), found)

    def _type(self) -> str:
        token = self._take()
        if token.kind != "word":
            raise NotCarriedError(f"the type {token.text!r} is not understood")
        name = token.word
        while self._peek().word in {"PRECISION", "VARYING"}:
            self.at += 1
        if self._op("("):
            while not self._op(")"):
                if self._take().kind not in {"number", "op"}:
                    raise NotCarriedError(f"the type {name} is not understood")
        return name

    def _atom(self) -> Node:
        token = self._take()
        if token.kind == "template":
            return reference(token.text)
        if token.kind == "string":
            return Constant(token.text[1:-1].replace("''", "'"))
        if token.kind == "number":
            return Constant(int(token.text) if token.text.isdigit() else float(token.text))
        if token.kind == "quoted":
            return self._column(token.text[1:-1].replace('""', '"'))
        if token.kind == "word":
            return self._named(token)
        if token.text == "(":
            found = self._or()
            self._expect(")")
            return found
        raise NotCarriedError(f"{token.text or 'the end'!r} is not understood")

    def _named(self, token: _Token) -> Node:
        word = token.word
        if word in {"TRUE", "FALSE"}:
            return Constant(word == "TRUE")
        if word == "NULL":
            return Null()
        if word == "CASE":
            return self._case()
        if word == "DATE" and self._peek().kind == "string":
            return _day(self._take().text[1:-1])
        if self._peek().text == "(" and word not in _RESERVED:
            return self._call(word)
        if word in _RESERVED:
            raise NotCarriedError(f"{token.text!r} is not understood here")
        return self._column(token.text.lower())

    def _column(self, name: str) -> Node:
        if not self._op("."):
            return Column(name)
        token = self._take()
        if token.kind not in {"word", "quoted"} or self._peek().text == ".":
            raise NotCarriedError(f"the column {name}.{token.text} is not understood")
        return Column(token.text[1:-1] if token.kind == "quoted" else token.text.lower(), name)

    def _call(self, name: str) -> Node:
        self._expect("(")
        if self._op("*"):
            self._expect(")")
            return Call(name, (), star=True)
        if name == "CAST":
            item = self._or()
            self._expect("AS")
            kind = self._type()
            self._expect(")")
            return _cast(item, kind)
        distinct = self._word("DISTINCT")
        arguments: list[Node] = []
        if not self._op(")"):
            arguments.append(self._or())
            while self._op(","):
                arguments.append(self._or())
            self._expect(")")
        if self._peek().word in {"OVER", "FILTER", "WITHIN"}:
            raise NotCarriedError(f"{self._peek().word} has no counterpart")
        return Call(name, tuple(arguments), distinct=distinct)

    def _case(self) -> Node:
        subject = None if self._peek().word == "WHEN" else self._or()
        whens: list[tuple[Node, Node]] = []
        while self._word("WHEN"):
            test = self._or()
            self._expect("THEN")
            whens.append((compared("=", subject, test) if subject is not None else test, self._or()))
        otherwise: Node = self._or() if self._word("ELSE") else Null()
        self._expect("END")
        if not whens:
            raise NotCarriedError("CASE without WHEN is not understood")
        return Case(tuple(whens), otherwise)


def compared(op: str, left: Node, right: Node) -> Compare:
    """Return the comparison with its literal on the right."""
    if isinstance(left, (Constant, Null)) and not isinstance(right, (Constant, Null)):
        left, right, op = right, left, _FLIPPED[op]
    return Compare(op, left, right)  # type: ignore[arg-type]


def _day(text: str) -> Constant:
    try:
        return Constant(dt.date.fromisoformat(text))
    except ValueError as error:
        raise NotCarriedError(f"{text!r} is no day") from error


def _cast(item: Node, kind: str) -> Node:
    if kind == "DATE" and isinstance(item, Constant) and isinstance(item.value, str):
        return _day(item.value)
    return Cast(item, kind)


def parse(text: str) -> Node:
    """Read one expression. Raises NotCarriedError saying what in it has no counterpart."""
    if "{%" in text or "{#" in text:
        raise NotCarriedError("Jinja statements have no counterpart")
    try:
        return _Parser(text).whole()
    except RecursionError as error:
        raise NotCarriedError("the expression is nested too deeply") from error


def plain_column(text: str) -> str:
    """Return the column that the text names. Raises NotCarriedError for anything but a plain column."""
    found = parse(text)
    if isinstance(found, Column) and found.table is None:
        return found.name
    raise NotCarriedError("it is computed; only plain columns are carried (compute it in the table)")
