"""English words that say nothing of what is asked: verbs that only bring a figure and its owner together, courtesies, interjections, talk of the office.

Only a word that no name of the bundle and no rule of the language has read is looked for here. It is still named as unread, but costs little trust: what eats
most of the money, as discussed, lah. A word on which a number can depend (lost, new, cancelled, not) is none of these, and no word of any field of business.
"""

from __future__ import annotations

from nlq.words.normalise import stem

_VERBS = "bring brings bringing brought rake rakes raked raking racked gobble gobbles gobbled hogs hogged devour devours devoured boasts boasted tot showed shown showing fare fares fared faring"
"""Which campaign brought in the most: what is brought is named beside them."""
_COURTESIES = (
    "grateful gratefully preferably ideally hopefully obliged appreciated appreciate greetings sincerely faithfully respectfully regards cordially heartily apology apologies pardon bother hassle favour favor courtesy "
    "mentioned discussed noted aforementioned"
)
_INTERJECTIONS = (
    "ah lah leh lor meh liao haha hahaha lol lmao omg wow oops ooh ahh aha hmm hmmm erm uhm umm uh huh yeah yep yup nope nah yo bro dude buddy sigh ugh argh phew cheers ta gosh blimey crikey bloody damn darn heck hell frankly honestly "
    "seriously literally obviously admittedly kinda sorta gotta gonna wanna dunno innit alrighty righto pretty"
)
_OFFICE = "qbr qbrs mbr mbrs wbr wbrs standup townhall debrief huddle steerco offsite kickoff preso"
"""Occasions that the number is wanted for."""
_BEHIND = frozenset(("problem", "issue", "thing", "stuff", "matter"))
EMPTY = frozenset(word for words in (_VERBS, _COURTESIES, _INTERJECTIONS, _OFFICE) for word in words.split())


def says_nothing(word: str) -> bool:
    """Return whether an English word that was not read says nothing of what is asked."""
    return word in EMPTY or stem(word) in EMPTY


def says_nothing_behind(word: str) -> bool:
    """Return whether an English noun says nothing right behind a member that it follows: lift problems."""
    return stem(word) in _BEHIND


__all__ = ["EMPTY", "says_nothing", "says_nothing_behind"]
