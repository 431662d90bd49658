"""How figures are asked for in English, put plainly: a course in a verb, a slice for a share, both ends of an order, times and bases that are left half said.

Each rule keeps what a number can depend on. No word of any field of business stands here.
"""

from __future__ import annotations

import re

from governance.identity.first_names import FIRST_NAMES
from nlq.plainly.rewriting import Meant, Rewriting

_MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december")
_MONTH = r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
_FIRST_NAMES = frozenset(name.lower() for name in FIRST_NAMES)
_U = r"(?:day|week|month|quarter|year)"
_VERSUS = r"(?:vs\.?|versus|against|compared (?:to|with)|over|than)"
_LAST_YEAR = r"(?:last year|the (?:year before|previous year|prior year)|previous year|prior year|py|ly|a year ago)"
_END = r"(?=\s*(?:[,.;?!]|$))"
_REST = r"(?= (?:by|for|in|on|per|across|among|split|of)(?![a-z])|\s*(?:[,.;?!]|$))"
_SMALL = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12}
_HIGH = r"highest|most|largest|biggest|greatest|longest|best|strongest|top"
_LOW = r"lowest|least|fewest|smallest|shortest|worst|weakest|bottom"


def _months_to(match: re.Match[str]) -> str:
    """The 3 months to the end of September: from July to September; not across the turn of a year, which no one named."""
    count = int(match["n"]) if match["n"].isdigit() else _SMALL[match["n"].lower()]
    last = next(index for index, name in enumerate(_MONTHS) if name.startswith(match["m"].lower()[:3]))
    year = match["y"] or ""
    if count - 1 > last:
        return f"{match['n']} months ending {match['m']}{year}"
    return f"{_MONTHS[last - count + 1]} to {_MONTHS[last]}{year}"


_LAST = {"lw": "last week", "lm": "last month", "lq": "last quarter", "ly": "last year"}


def _of_year(match: re.Match[str]) -> str:
    """The first two months of the year: January to February; the last two quarters of 2025: Q3 to Q4 2025."""
    count = int(match["n"]) if match["n"].isdigit() else _SMALL[match["n"].lower()]
    units = _MONTHS if match["u"].lower() == "months" else ("q1", "q2", "q3", "q4")
    if not 1 < count <= len(units):
        return match.group()
    first, last = (units[0], units[count - 1]) if match["w"].lower() == "first" else (units[-count], units[-1])
    year = "" if match["y"].lower() in ("the year", "this year") else f" {match['y']}"
    return f"{first}{year} to {last}{year}"


_SHARED = frozenset(("rate", "share", "ratio", "percentage", "growth", "change", "mix", "split", "in", "as", "a", "by", "of", "the", "what", "which", "how", "change", "increase", "decrease", "yoy", "mom", "qoq", "and", "contribution"))
_POINTING = frozenset(("which", "what", "that", "this", "a", "an", "the", "each", "every", "one", "same", "other", "another", "any", "new", "no", "our", "my", "of", "per", "by"))


def _both_ends(match: re.Match[str]) -> str:
    """Which channel has the highest X and which has the lowest: all of them, in that order."""
    down = re.fullmatch(_HIGH, match["s"], re.IGNORECASE) is not None
    if down == (re.fullmatch(_HIGH, match["t"], re.IGNORECASE) is not None):
        return match.group()
    quality = {match["s"].lower(), match["t"].lower()} & {"best", "worst"}
    order = ("best to worst" if down else "worst to best") if quality else ("highest to lowest" if down else "lowest to highest")
    return f"{match['m'].strip()} by {match['d']} from {order}"


_MOVED = {"better": "improved", "worse": "worsened", "lower": "fell", "smaller": "fell", "fewer": "fell", "less": "fell"}


def _moved(match: re.Match[str]) -> str:
    """Which regions had a better X than a year ago: those where it improved since."""
    since = "year on year" if "year" in match["p"].lower() and match["p"].lower() != "last year" else f"compared with {match['p']}"
    return f"{match['w']} {match['d']} {match['m']} {_MOVED.get(match['c'].lower(), 'rose')} {since}"


def _of_whom(match: re.Match[str]) -> str:
    """Trying to understand why North is lagging: its reach rate; whose it is stays."""
    return re.sub(r"(?<![a-z])(?:its|their)(?![a-z])", f"{match['s']}'s", match["z"], count=1, flags=re.IGNORECASE)


def _signed(match: re.Match[str]) -> str:
    """Many thanks, Priya: by a first name."""
    return "" if match["n"].lower() in _FIRST_NAMES else match.group()


_PLAIN: tuple[tuple[tuple[str, ...], str, Meant], ...] = (
    # ---- beside the question
    (("discussed", "mentioned", "agreed", "promised", "flagged", "raised", "requested"), r"(?:^|(?<=[,.;] ))(?:as |like )?(?:we )?(?:discussed|mentioned|agreed|promised|flagged|raised|requested)(?: earlier| before| already)?(?: (?:in|at|on|during|over) (?:(?:this|yesterday|today|monday|tuesday|wednesday|thursday|friday|last) ?(?:morning|afternoon|week)?(?:'s)?|our|the|my)(?: [a-z-]+){1,2}?)?(?: today| yesterday| this morning| this afternoon)?,\s*", ""),
    (("regards", "wishes", "thanks", "yours"), r"(?-i:[.!,;?]\s*(?:[Mm]any thanks(?: in advance)?|(?:[Kk]ind |[Bb]est |[Ww]arm )?[Rr]egards|[Bb]est wishes|[Yy]ours(?: sincerely| faithfully)?),\s*[A-Z][a-z]{1,11}(?: [A-Z][a-z]{1,14})?[.! ]*$)", ""),
    (("thank", "thx", "cheers"), r"[.!;?]\s*(?:many |much )?(?:thanks|thank you|thx|cheers)(?: (?:a lot|so much|in advance|again|very much|all|both))?[!. ]*$", ""),
    (("thank", "best", "cheers", "thx", "wishes"), r"[.!,;?]\s*(?:many |much )?(?:thanks|thank you|best(?: wishes)?|cheers|thx)(?: (?:again|a lot|so much|in advance))?[,!.]+\s*(?P<n>[A-Z][a-z]{1,11})[.! ]*$", _signed),
    ((" chat", " call", " discussion", " conversation", " email", " meeting", " request", " catch"), r"^(?:as )?per (?:our|my|your|the) (?:[a-z]+ )?(?:chat|call|discussion|conversation|e?-?mail|meeting|request|catch[- ]?up)s?(?: (?:with|about|on|of) [a-z ]{2,20}?)?(?: (?:today|yesterday|this morning|earlier))?\s*(?:[,:]|-+ )\s*", ""),
    (("hope", "trust"), r"(?:^|(?<=[,.;!?] ))(?:i |we )?(?:hope|trust)(?: that)? (?:you(?:'re| are)?|this (?:e-?mail|message|mail)?|all|everyone|everything)(?: [a-z]+){0,5}? (?:well|good|great|fine|safe|weekend|day|week)[.!,]+\s*", ""),
    (("find below", "see below", "my request", "following request"), r"(?:^|(?<=[,.;!?] ))(?:please |pls |kindly )?(?:find|see|refer to)(?: attached| below)? (?:below )?(?:my|our|the|a)(?: following)? (?:request|question|query|ask)s?\s*[:.-]\s*|(?:^|(?<=[,.;!?] ))(?:below|here) is (?:my|our|the) (?:request|question|query)\s*[:.-]\s*", ""),
    (("someone from", "somebody from", "anyone from", "someone in", "anyone in"), r"(?<![a-z])(?:can|could|would|will) (?:someone|somebody|anyone|anybody) (?:from|in|on|at) (?:the )?[a-z]+(?: team| department| side)? (?:please |kindly |pls )?(?:confirm|tell|send|share|show|give|check|provide|pull|let|help|get|find|report|advise)(?: me| us)?(?: know)? (?=[a-z0-9])", "show "),
    (("i would need", "i need", "i'd need", "we need", "we would need", "i will need", "i require"), r"^for (?:the|our|my|a|this|tomorrow's|next week's) (?:[a-z]+ ){0,2}(?:review|meeting|call|report|deck|presentation|session|workshop|board|update|visit|trip)(?: (?:on|next|this|tomorrow) ?[a-z]*)?,? (?=(?:i|we)(?:'d| would| will)? (?:need|require|like|want))", ""),
    (("kpis", "figures", "numbers", "metrics", "stats"), r"^(?:some |a few |the |my |our |quick |key )*(?:kpis|figures|numbers|metrics|stats) (?:for|needed for|wanted for) (?:tomorrow|today|tonight|monday|tuesday|wednesday|thursday|friday|next week)(?:'s)?(?: [a-z]+)?\s*:\s*", ""),
    (("checking in", "check in", "checking up"), r"(?:^|(?<=[,.;] ))(?:i'm |i am |just |only |quickly |quick )*check(?:ing)? (?:in|up) on (?=[a-z])", "show "),
    (("understand", "figure out", "work out", "find out", "see why"), r"^(?:i'm |i am |we're |we are |just )*(?:trying|want|wanting|need|looking|hoping) to (?:understand|figure out|work out|find out|see|know|explain) why (?P<s>[a-z -]{2,24}?) (?:is|are|was|were|has|have|keeps?|seems?|looks?) [^:;]{3,40}[:;]\s*(?P<z>[^?]*?(?<![a-z])(?:its|their)(?![a-z])[^?]*)", _of_whom),
    ((" one",), rf"(?P<t>(?:last|this|previous) {_U}) one(?= *[.?!]*$)", r"\g<t>"),
    ((" metric", " kpi"), r"(?<![a-z])(?P<m>[a-z]+) (?:metric|kpi)(?= *(?:[,.?!]|$)| (?:by|for|in|on|last|this)(?![a-z]))", lambda match: match.group() if match["m"].lower() in _POINTING else match["m"]),
    # ---- a course, said by a verb
    ((" been ",), r"(?:how|what)(?:'s|s| is| has|'ve| have)? (?P<m>(?!there|it |this |that )[^,?]{3,40}?) been (?:doing|trending|tracking|moving|behaving|developing|evolving|going|looking|faring)(?P<z>,? (?:over|during|across|throughout|through|since|for|in) )", r"trend of \g<m>\g<z>"),
    # ---- verbs that say no more than to have
    ((" most", " least", " fewest", " highest", " lowest", " biggest", " largest", " smallest"), r"(?<![a-z])(?P<w>which|what|who)(?P<d> [a-z-]+(?: [a-z-]+)??)? (?:(?:eat|chew|gobble|swallow|soak|suck|hog|rake|rack|drum|write)(?:s|es|d|ed)?|ate|wrote|br(?:ing|ings|ought) in|tak(?:e|es) (?:up|in)|took (?:up|in))(?: (?:in|up|through))? (?:the |our |up )?(?P<s>most|least|fewest|highest|lowest|biggest|largest|smallest)(?= (?!in |on |at |of |by |for |during |last |this |over |since |per )[a-z])", r"\g<w>\g<d> has the \g<s>"),
    (("the needle", "difference", " dent"), r"(?<![a-z])(?:mov(?:e|ed|es|ing)|shift(?:ed|s)?) the needle(?![a-z])|(?<![a-z])ma(?:ke|de|kes|king) (?:a|any|much of a)(?: real| big)? (?:difference|dent)(?! (?:in|to|between)(?![a-z]))", "work"),
    # ---- a share
    (("slice", "chunk", "wedge", "piece of"), r"(?<![a-z])(?:how (?:big|large|much of) an? ?|what(?:'s| is)? ?(?:the |an? )?(?:size of (?:the|an?) )?|which )(?: ?size)?(?:slice|chunk|wedge|piece) of(?= [a-z0-9])", "what share of"),
    (("stack up", "stacks up", "stacked up", "measure up"), r"(?<![a-z])how (?:does|do|did|has|have) (?P<a>[^,?]{2,40}?) (?:stack(?:s|ed)?|measure[sd]?) up (?:against|to|versus|vs\.?|with) ", r"\g<a> versus "),
    (("percent", "%", "points"), r"(?<![a-z])by how (?:many|much) (?:percent|%|percentage points|points) (?=(?:did|has|have|is|was|were|does|do) )", "how much "),
    (("do we track", "we track", "we measure", "we report"), r"(?<![a-z])(?:do|can) (?:we|you) (?:track|measure|report|record|monitor)(?: on)? (?=[a-z])", "show "),
    (("%",), r"(?<![a-z])(?P<m>[a-z]+) ?%(?= (?:for|by|in|of|last|this|per|on|from|among)(?![a-z])| ?[,.?!]|$)", lambda match: match.group() if match["m"].lower() in _SHARED else f"{match['m']} rate"),
    # ---- which way
    (("from the", "with the", "from lowest", "from highest", "starting"), r"(?<![a-z])(?:sorted|ranked|ordered|listed|sort|rank|order|starting|beginning)(?: starting| them| it)? (?:from|with)(?: the)? (?P<s>lowest|highest|best|worst|smallest|largest|biggest|most|least|fewest)(?: ones?| first| up| down| upwards| downwards)?(?! (?:to|\d|[a-z]+ to)\b)(?= *(?:[,.;?!]|$))", r"\g<s> first"),
    (("behind", "ahead"), r"(?<![a-z])(?:the )?(?:furthest|farthest|most|lagging (?:the )?most|the most) behind(?! (?:the )?[a-z]+ing\b)", "worst"),
    (("ahead",), r"(?<![a-z])(?:the )?(?:furthest|farthest|most) ahead(?! of)(?![a-z])", "best"),
    ((" and which", " and what", " & which"), rf"which (?P<d>[a-z-]+(?: [a-z-]+)??) (?:has|have|had|got|gets|shows?|sees?|is|are) the (?P<s>{_HIGH}|{_LOW}) (?P<m>[^,?]{{2,40}}?),? (?:and|&) (?:which|what)(?: ones?)?(?: (?:has|have|had|got|gets|shows?|sees?|is|are))?(?: the)? (?P<t>{_HIGH}|{_LOW})(?: one| ones)?(?![a-z])", _both_ends),
    (("the ones", "those", "ones that", "ones which"), r"(?<![a-z])(?:show|list|keep|give|display|include|want|return)(?: me| us)? (?:only |just )?(?:the ones|those|ones|the rows)(?= (?:that|which|where|who|with|whose|above|below|over|under)\b)", "only those"),
    (("any ",), r"(?:^|(?<=[,.;!?:] ))(?:are there |is there |do we have |have we got |did |were there |was there )?any (?P<d>[a-z]{3,}(?: [a-z]+)?) (?=(?:where|whose|in which|for which)(?![a-z]))", r"which \g<d> "),
    ((" than ", " from "), rf"(?<![a-z])(?P<w>which|what) (?P<d>[a-z]+(?: [a-z]+)??)(?: have| has| had| saw| see| showed| show| got| did)? (?:an? )?(?P<c>better|worse|higher|lower|bigger|smaller|more|fewer|less) (?P<m>[^,?]{{3,40}}?) (?:than|from) (?P<p>(?:a year (?:ago|earlier|before)|this time last year|last year|last month|last quarter|last week|the (?:previous|prior) {_U})){_REST}", _moved),
    (("furthest", "farthest"), r"(?<![a-z])(?:the )?(?:furthest|farthest) (?:from|off|away from|short of|below|under|above|over)(?![a-z])", "how far from"),
    # ---- numbers
    (("dozen",), r"(?<![a-z])(?:an? )?half(?:[ -]an?)?[ -]dozen(?![a-z])", "6"),
    (("dozen",), r"(?<![a-z])(?P<n>an?|two|three|four|five|\d+) dozen(?![a-z])", lambda match: str(12 * (1 if match["n"].lower() in ("a", "an") else int(match["n"]) if match["n"].isdigit() else _SMALL[match["n"].lower()]))),
    # ---- times
    ((" and ", "&"), r"(?<![a-z])(?P<a>h[12]|q[1-4]) ?(?:and|&) ?(?P<b>h[12]|q[1-4]),?(?: of| in)? (?P<y>20\d\d|fy ?\d\d|last year|this year)(?![a-z\d])", r"\g<a> \g<y> and \g<b> \g<y>"),
    ((" 2", "'2"), rf"(?<![a-z0-9])(?P<m>{_MONTH}) ?'?(?P<y>2[0-9])(?P<v> ?(?:,|and|&|vs\.?|versus|against|to|compared (?:to|with)|than) ?)(?P=m) ?'?(?P<z>2[0-9])(?![\d.,:%]|st|th|rd|nd)", r"\g<m> 20\g<y>\g<v>\g<m> 20\g<z>"),
    ((" quarter",), rf"(?<![a-z])(?:the )?(?P<a>{_MONTH})(?: ?- ?| to | through )(?P<b>{_MONTH}) (?:quarter|period|months)(?![a-z])", r"\g<a> to \g<b>"),
    ((" end ",), rf"(?<![a-z])(?P<p>as of|as at|at|by|until|till|since|through) end (?P<m>{_MONTH}|q[1-4]|h[12]|(?:last|this) {_U})(?![a-z])", r"\g<p> the end of \g<m>"),
    (("between",), rf"(?<![a-z])between (?:the )?(?P<a>\d{{1,2}})(?:st|nd|rd|th)? (?:and|to|&) (?:the )?(?P<b>\d{{1,2}})(?:st|nd|rd|th)? (?:of )?(?P<m>{_MONTH})(?![a-z])", r"from \g<a> \g<m> to \g<b> \g<m>"),
    (("between",), rf"(?<![a-z])between (?P<m>{_MONTH}) (?P<a>\d{{1,2}})(?:st|nd|rd|th)? (?:and|to|&) (?P<b>\d{{1,2}})(?:st|nd|rd|th)?(?![\da-z%])", r"from \g<a> \g<m> to \g<b> \g<m>"),
    ((" 2", "'2"), rf"(?<![a-z0-9])(?P<a>{_MONTH}) ?(?:-|to|through|thru|till|until) ?(?P<b>{_MONTH}) '?(?P<y>2[0-9])(?![\d.,:%]|st|th|rd|nd| ?(?:and|to|-) ?\d)", r"\g<a> to \g<b> 20\g<y>"),
    ((" months ",), rf"(?<![a-z])(?:the )?(?P<n>\d+|{'|'.join(_SMALL)}) months (?:to|ending|ended|up to|through|until|till)(?: in| at| on)?(?: the)? end(?: of)? (?P<m>{_MONTH})(?P<y>,? (?:20)\d\d)?(?![a-z\d])", _months_to),
    (("end ", "ended ", "finish", "close ", "closed "), rf"(?<![a-z])(?:did|do|have|had|has) (?:we|they|you|it|i|(?:the|our|my) [a-z]+) (?:end(?:ed)?|finish(?:ed)?|close[d]?)(?: up| out)? (?P<t>{_MONTH}(?: (?:20)\d\d)?|q[1-4]|h[12]|(?:last|the|this) {_U}|20\d\d) (?:with|at|on){_END}", r"in \g<t>"),
    ((" year",), r"(?<![a-z])(?:over|across|throughout|through|during) the (?P<u>year|quarter|month|week)(?= (?:for|in|by|with|among)\b|\s*(?:[,.;?!]|$))", r"this \g<u>"),
    (("same point", "same stage", "same moment", "same time"), rf"(?<![a-z])(?:at |by )?(?:the |this )?same (?:point|stage|moment|time)(?: in time)? (?:in |of )?(?P<t>(?:the )?(?:last|previous|prior) {_U}|last {_U})(?![a-z])", r"the same period \g<t>"),
    (("end of each", "end of every", "each ", "every "), rf"(?<![a-z])(?:as )?(?:at|of|on) (?:the )?(?:end|close) of (?:each|every) (?P<u>{_U})(?![a-z])", r"by \g<u>"),
    (("first ", "last "), rf"(?<![a-z])(?:the )?(?P<w>first|last) (?P<n>{'|'.join(_SMALL)}|\d{{1,2}}) (?P<u>months|quarters) of (?P<y>the year|this year|last year|20\d\d)(?![a-z\d])", _of_year),
    (("-w", " w", "wk", "week"), r"(?<![a-z0-9])(?P<y>20\d\d)[- ]?(?:w|wk|week)[- ]?(?P<n>[0-5]?\d)(?![a-z0-9])", r"week \g<n> of \g<y>"),
    # ---- one period against another
    (("this ",), rf"(?<![a-z])(?:(?:any )?(?:better|worse|more|less|higher|lower|fewer) )?(?:in )?this (?P<m>{_MONTH}) (?:than|vs\.?|versus|against|compared (?:to|with)|over)(?: in)? last (?P=m)(?![a-z])", r"\g<m> year on year"),
    (("lw", "lm", "lq", "ly"), r"(?<![a-z0-9])(?P<s>lw|lm|lq|ly)(?= (?:vs\.?|versus|against|compared)(?![a-z]))", lambda match: _LAST[match["s"].lower()]),
    ((" pw", " pm", " pq", " pp", " py"), r"(?<![a-z])(?:vs\.?|versus|against|compared (?:to|with)) (?P<s>pw|pm|pq|pp|py)(?![a-z0-9])", lambda match: "year on year" if match["s"].lower() == "py" else "versus the previous period"),
    ((" before",), r"(?<![a-z])(?P<v>vs\.?|versus|against|compared (?:to|with)|than) (?P<u>day|week|month|quarter) before(?! last)(?![a-z])", r"\g<v> the \g<u> before"),
    (("this ", "the "), rf"(?<![a-z])(?P<w>this|the current) (?P<u>week|month|quarter|year)(?P<x>(?: so far| to date)?,? {_VERSUS})(?: the)? last{_REST}", r"\g<w> \g<u>\g<x> last \g<u>"),
    (("ytd", "to date", "so far"), rf"(?P<a>(?<![a-z])(?:ytd|year[ -]to[ -]date|this year to date|this year so far)(?![a-z])[^?.;]*?),? (?:vs\.?|versus|against|compared (?:to|with)) {_LAST_YEAR}{_REST}", r"\g<a> year on year"),
    (("year ago", "year earlier"), rf"(?<![a-z])(?P<c>(?:better|worse|higher|lower|bigger|smaller|larger|stronger|weaker|more|less|fewer|up|down|improved|different)(?: [a-z]+)?) (?:than|from|on|over) (?:a year (?:ago|earlier|before)|one year ago|this time last year){_REST}", r"\g<c> year on year"),
    (("better", "worse", "higher", "lower", "up ", "down "), r"^(?P<a>(?:is|was|are|were|did|has|have|do|does)(?![a-z])(?![^?]*(?<![a-z])(?:which|who|what|whose)(?![a-z]))[^?]*?) (?:any )?(?:better|worse|higher|lower|up|down) (?P<c>year on year)(?= *[?.!]*$)", r"\g<a> change \g<c>"),
)  # fmt: skip
_RULES = Rewriting.of(_PLAIN)


def asked(text: str) -> str:
    """Return normalised text (of any case) put plainly; text that has none of these ways of asking is returned as it is."""
    return _RULES.apply(text) if re.search("[a-z]", text, re.IGNORECASE) else text


__all__ = ["asked"]
