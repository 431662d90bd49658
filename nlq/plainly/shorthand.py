"""What people leave out or put before and behind when they type English in a hurry: qtr, b/w, H1FY26, FYI, pls advise, sorry one more, is that right.

Each word here says the same as the words that take its place, or nothing of what is asked; no word of any field of business.
"""

from __future__ import annotations

import re

from nlq.plainly.rewriting import Rewriting

_SHORT = {
    "incl": "including", "qtr": "quarter", "qtrs": "quarters", "yr": "year", "yrs": "years", "mth": "month", "mths": "months", "mnth": "month", "wk": "week", "wks": "weeks",
    "yest": "yesterday", "yday": "yesterday", "2day": "today", "tdy": "today", "diff": "difference", "b/w": "between", "w.r.t": "by", "wrt": "by", "pct": "percentage",
    "cmpr": "compare", "wats": "what is", "whats": "what is", "wat": "what", "hw": "how",
}  # fmt: skip
"""Short forms and what they stand for."""
_SHORTENED = re.compile(r"(?<![a-z0-9/.'-])(?P<w>incl|qtrs?|yrs?|mths?|mnth|wks?|yest|yday|2day|tdy|diff|b/w|w\.r\.t|wrt|pct|cmpr|wats|whats|wat|hw)\.?(?![a-z0-9'])", re.IGNORECASE)
_VERBS = r"(?:share|provide|give|send|show|tell|get|pull|advise|confirm|check|let me know)"
_STOP = r"\s*[,:;.-]+\s*"
_PLAIN: tuple[tuple[tuple[str, ...], str, str], ...] = (
    (("tbh", "imo", "imho", "afaik", "btw", "fyi", "fwiw", "iirc", "asap", "tia", "by the way", "to be honest", "out of curiosity", "just curious"),
     r"(?:^|(?<=[,.;] )|,? )(?:tbh|imo|imho|afaik|btw|fyi|fwiw|iirc|asap|tia|by the way|to be honest|(?:just )?out of curiosity|just curious)(?:[,:;.]? |(?=[,.;?!]|$))", " "),
    (("approx", "roughly", "ballpark"), r"(?<![a-z])(?:approx\.?|approximately|roughly|ballpark)(?: (?:speaking|figure (?:for|of)))?,? (?=(?:how|what|the|number)\b)", ""),
    (("fy",), r"(?<![a-z0-9])(?P<p>h[12]|q[1-4])[ -]?(?P<y>fy ?'?(?:20)?\d\d)(?![0-9])", r"\g<p> \g<y>"),
    (("fy",), r"(?<![a-z0-9])(?P<y>fy ?'?(?:20)?\d\d)[ -]?(?P<p>h[12]|q[1-4])(?![a-z0-9])", r"\g<p> \g<y>"),
    (("-level", " level"), r"(?<![a-z])(?P<u>dai|day|week|month|quarter|year)(?:ly)?[- ]level(?![a-z])", r"by \g<u>"),
    (("cut by", "cut across", "carved by"), r"(?<![a-z])(?:cut|carved(?: up)?) (?:by|across)(?= [a-z])", "by"),
    (("avg", "average"), r"(?<![a-z])(?:avg|average) (?P<a>[a-z]+)/(?P<b>[a-z]+)(?![a-z])", r"average \g<a> per \g<b>"),
    (("advise", "advice"), r"(?:^|(?<=[,.;] )|(?<=and ))(?:please |pls |plz |kindly |can you |could you )*advise(?: me| us)?(?: on| of| about| regarding| what| as to)? (?=[a-z0-9])", "show "),
    (("confirm", "verify", "double"), r"(?:^|(?<=[,.;] )|(?<=and ))(?:please |pls |plz |kindly |can you |could you |just )*(?:re)?(?:confirm|verify|double[- ]check)(?: that| if| whether| for me)?[: ]+(?=[a-z0-9])", ""),
    (("request",), rf"^(?:i |we |this is to |kindly |please )*request(?:ing|ed)?(?: you| your team| someone| the team)?(?: to {_VERBS}(?: me| us)?)? ?(?:[:,-] ?)?(?=[a-z0-9])(?!s\b)", "show "),
    (("possibly", "perhaps", "maybe"), r"(?<=(?:could|would) you )(?:possibly|perhaps|maybe|kindly) ", ""),
    (("dig", "fish", "rustle", "whip", "scrape", "look up", "grab", "fetch"), r"(?<![a-z])(?:dig|fish|rustle|whip|scrape|look|grab|fetch)(?: (?:out|up|into|together))?(?: me| us)? (?=(?:the|our|my|a|some|last|this|total|numbers?|figures?)\b)", "show "),
    (("great", "good", "nice", "helpful", "useful", "lovely", "handy", "interesting", "awesome"),
     r"(?:^|(?<=[,.;] ))(?:it|that)?(?: ?would|'d| ?will|'ll) be (?:really |very |super )?(?:great|good|nice|helpful|useful|lovely|handy|interesting|awesome) (?:to (?:have|see|know|get|understand|look at)|if (?:you|we|i) (?:could|can) (?:see|get|share|send|show(?: me)?|tell me|pull|have)) ", "show "),
    (("not sure", "no idea"), r"^(?:i'm |i am )?(?:not sure|no idea) (?:if|whether|who|where|how)[^,?]{3,60},? but ", ""),
    (("more", "last", "final", "other", "quick", "another"), rf"^(?:(?:and|also|oh|sorry|ok|okay|lastly|finally|apologies|actually)[ ,]+)*(?:(?:one|1) (?:more|last|final|other|quick)|another|a last|a final)(?: thing| question| one| q| request| ask)?{_STOP}(?=[a-z0-9])", ""),
    (("says", "said", "claim", "thinks", "think", "reckon", "told", "tells", "heard", "hear"),
     r"^(?:(?:my|our|the) )?(?:boss|manager|director|team|colleagues?|vp|ceo|head|lead|they|he|she|someone|somebody|people|i|we) (?:just )?(?:says?|said|claims?|claimed|thinks?|thought|reckons?|tells? (?:me|us)|told (?:me|us)|hears?|heard)(?: that)? (?=[a-z])", ""),
    (("true", "right", "correct", "isn't it", "no?", "yeah", "agree"), r"[,.;-]+ ?(?:true|right|correct|is (?:that|it|this) (?:true|right|correct|so)|isn't it|no|yeah|agreed?)\s*\?+$", ""),
    (("how ",), r"(?<![a-z])how (?:bad|good|high|low|big|large|strong|weak|healthy|poor|well|badly) (?P<v>is|was|were|are|did|does|has|have|do)(?= (?:the|our|my|that|this|[a-z]+)(?![a-z]))", r"what \g<v>"),
)  # fmt: skip
_RULES = Rewriting.of(_PLAIN)
_NUMBERED = re.compile(r"(?:^|(?<=[ :,;]))\(?[1-9][).](?: +|(?=[a-z]))(?=[a-z\u4e00-\u9fff])", re.IGNORECASE)
_LISTED = 2


def spelt_out(text: str) -> str:
    """Return normalised text (of any case) with its short forms spelt out; text that has none is returned as it is."""
    if not re.search("[a-z]", text, re.IGNORECASE):
        return text
    text = _SHORTENED.sub(lambda match: _SHORT[match["w"].lower()], text)
    if len(_NUMBERED.findall(text)) >= _LISTED:
        text = _NUMBERED.sub(", ", text)  # 1) touches 2) reach rate
    return _RULES.apply(text).strip()


__all__ = ["spelt_out"]
