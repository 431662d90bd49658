"""English idioms of the office put plainly before a sentence is read: region wise, please share, open n click rate, the month just gone, how far ahead is A of B.

Each rule keeps what a number can depend on; nothing of any field of business stands here.
"""

from __future__ import annotations

import re

from nlq.plainly.phrasing import phrased

_U = r"(?P<u>week|month|quarter|year)"
_ASKING = r"(?:(?:hi|hey|hello|please|pls|plz|kindly|can|could|would|will|you|u|and|just|also|then|ok|okay|someone|somebody|anyone)(?:,? +))*"
_RULES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(said, re.IGNORECASE), meant)
    for said, meant in (
        # region wise, product-wise, month wise: by it
        (r"(?<![a-z])(?!other|like|price)(?P<d>[a-z]{3,})[ -]wise(?![a-z])", r"by \g<d>"),
        # please share touches by region: a request, no share of a total
        (rf"(?:^|(?<=[,.;!?:] ))(?P<p>{_ASKING})share (?=(?:with|the|me|us|our|my|your|last|this|all|some|latest)(?![a-z]))(?!the share)", r"\g<p>show "),
        (rf"(?:^|(?<=[,.;!?:] ))(?P<p>{_ASKING}(?:hi|hey|hello|please|pls|plz|kindly|can you|could you|would you|can u|could u|will you),? +)share (?!of(?![a-z]))", r"\g<p>show "),
        (r"^(?P<p>(?:please|pls|plz|kindly|can you|could you|would you)(?![a-z])[^,.?]{0,40}? and )share (?!of(?![a-z]))(?=[a-z])", r"\g<p>show "),
        (r"(?<![a-z])share ?(?=一下|一个|下|给我|给大家|出来)", "看"),
        (r"(?<=[a-z]) '?n'? (?=[a-z])", " and "),
        (r"(?<![a-z0-9])w/o(?![a-z])", "without"),
        (r"(?<![a-z0-9])w/ ?(?=[a-z])(?!c(?![a-z])|e(?![a-z]))", "with "),
        # periods
        (r"(?<![a-z])(?P<y>(?:19|20)\d\d|last year|this year),? full[ -]?year(?![a-z])", r"\g<y>"),
        (r"(?<![a-z])full-year(?![a-z])", "full year"),
        (rf"(?<![a-z])(?:the |this )?{_U}(?: that(?:'s| is| has)?(?: just)?| just) (?:gone|ended|past|passed|finished|closed|completed|went)(?: by)?(?![a-z])", r"last \g<u>"),
        (rf"(?<![a-z])(?:the )?most recent(?: full| complete| completed)? {_U}(?![a-z])", r"last \g<u>"),
        (r"(?:,? )?(?<![a-z])(?:the )?(?:latest|most recent) (?:available|possible|you have|we have|you've got|we've got|you have got|there is)(?: (?:data|figures?|numbers?|values?|readings?|one))?(?![a-z])", ""),
        # changes and differences
        (r"(?<![a-z])how (?:did|has|have|does|do) (?P<m>[^,?]{2,40}?) (?:evolved?|develop(?:ed)?) (?=(?:over|during|throughout|across|in)(?![a-z]))", r"trend of \g<m> "),
        (r"(?<![a-z])how (?P<d>did|has|have|does|do) (?P<m>[^,?]{2,40}?) (?:moved?|shift(?:ed)?|evolved?|developed?) (?=(?:between|from|since|over|versus|vs|against|compared)(?![a-z]))", r"how \g<d> \g<m> change "),
        (r"(?<![a-z])how (?:far|much|many points) (?:ahead|in front) (?P<v>is|are|was|were) (?P<a>[^,?]{2,40}?) of (?=[a-z0-9])", r"how much higher \g<v> \g<a> than "),
        (r"(?<![a-z])how (?:far|much|many points) behind (?P<b>[^,?]{2,40}?) (?P<v>is|are|was|were) (?P<a>[^,?]{2,40}?)(?= (?:in|on|by|for|at|last|this)(?![a-z])|[,?]|$)", r"how much lower \g<v> \g<a> than \g<b>"),
        (r"(?<![a-z])how (?:far|much|many points) (?P<v>is|are|was|were) (?P<a>[^,?]{2,40}?) ahead of (?=[a-z0-9])", r"how much higher \g<v> \g<a> than "),
        (r"(?<![a-z])how (?:far|much|many points) (?P<v>is|are|was|were) (?P<a>[^,?]{2,40}?) behind (?=[a-z0-9])", r"how much lower \g<v> \g<a> than "),
        (r"(?<![a-z])(?P<w>which|who|what)(?P<m> [^,?]{0,60}?(?:gr[eo]w|growing|grown|rose|risen|rising|fell|falling|dropped|dropping|declined|declining|shrank|shrinking|increased|increasing|decreased|decreasing)) (?:faster|quicker)(?! than)(?![a-z])", r"\g<w>\g<m> fastest"),
        (r"(?<![a-z])miss(?:ed|es|ing)? (?=\d+(?:\.\d+)? ?(?:%|percent|pct))", "below "),
        # the unit that figures are shown in says nothing of which figures
        (r"(?:,? )?(?<![a-z0-9])\(?in (?:millions|thousands|billions|mlns?|mn|mio|k)\)?(?= |[,.?!]|$)(?! of)", ""),
    )
)
_END_OF = re.compile(
    r"(?<![a-z])(?P<p>(?:as at|as of|at|by|until|till|up to|to|through|since|from|before|after|towards?|near) (?:the )?)?(?:the )?end of (?P<w>(?:(?:the )?(?:last|previous)|this) (?:month|quarter|year)|q[1-4]|h[12])(?![a-z0-9])",
    re.IGNORECASE,
)
"""number of advocates, end of last quarter: at its end."""
_SO_FAR = re.compile(r",? so far(?=[ ,.?!]*$)", re.IGNORECASE)
_RUNNING = re.compile(r"(?<![a-z])(?:this|current|since|[ymq]td|to date)(?![a-z])|今|本月|本季|本周|这个?(?:月|季|周|星期)|截[至止]|以来", re.IGNORECASE)


_ANY = re.compile(
    r"wise|share|[ ']n[ ']|w/|full|gone|ended|past|passed|finished|closed|completed|went|recent|latest|move|shift|evolve|develop|ahead|in front|behind|faster|quicker|miss|illions|thousands|in \(?(?:ml|mn|mio|k)|end of|so far",
    re.IGNORECASE,
)
"""A word of each rule: most questions hold none, and nothing else is looked for in them."""


def idiomatic(text: str) -> str:
    """Return normalised text (of any case) with its idioms put plainly; text that has none is returned as it is."""
    if _ANY.search(text) is None:
        return phrased(text)
    for said, meant in _RULES:
        text = said.sub(meant, text)
    text = _END_OF.sub(lambda match: match.group() if match["p"] else f"at the end of {match['w']}", text)
    if _RUNNING.search(text):
        text = _SO_FAR.sub("", text)  # my region, this month, so far: what runs is to date anyway
    return phrased(text)


__all__ = ["idiomatic"]
