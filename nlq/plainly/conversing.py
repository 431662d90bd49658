"""Ways of changing the question before, put into the plain ones that a follow-up is read by: X也加进来 is 加上X, 我说错了，是十月 is 换成十月.

Only in a conversation; a sentence that has none of these is returned as it is.
"""

from __future__ import annotations

import re

_P = r"^(?P<p>(?:请|麻烦|那|那就|好的?|再|嗯|哦|啊|呃|,|，|、|\s)*)"
_E = r"^(?P<p>(?:please |now |then |and |ok(?:ay)?,? |also |can you |could you |let'?s )*)"
_WORD_OF_WRONG = r"(?:说|打|写|弄|搞|输|讲|问|看|选)错(?:了|啦)?"
_BOUND = r"(?:门槛|标准|阈值|界限|线|门限|上限|下限|条件|限制|基准)"
_RULES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(said, re.IGNORECASE), meant)
    for said, meant in (
        # the period before: day before, drill into that by product, which channel drove it
        (r"^(?:and |what about |how about |ok(?:ay)?,? )*(?P<u>day|week|month|quarter|year) (?:before|prior|earlier)(?: that| then)?[?.!]*$", r"the \g<u> before"),
        (r"^(?:and |now |then |ok(?:ay)?,? |please |can you |could you )*(?:drill|dig|zoom)(?: down)? (?:in ?to|down into|on|down on|down|in on) (?:that|it|this|them|those)?,? ?(?:by|per|across) ", "by "),
        (r"^(?P<w>(?:and )?(?:which|what) [a-z]+(?: [a-z]+)?) (?:drove|drives|is driving|was driving|caused|is behind|was behind|explains|made) (?:it|that|this|the (?:change|rise|fall|drop|increase|decrease|growth))[?.!]*$", r"\g<w> changed the most"),
        (r"^(?:can you |please |now |and )*(?:flip|reverse|invert|turn)(?: (?:it|that|this|the order|the list))?(?: around| over)?\s*[,:;-]\s*(?=.*(?:first|lowest|highest|asc|desc|worst|best))", ""),
        # taken back by the speaker
        (rf"^(?:我|刚才|刚刚|抱歉|不好意思|对不起|啊|哦|等等|等一下|等会儿?|不对|,|，|\s)*{_WORD_OF_WRONG}[,，、。!.\s]*(?:不是[^,，]{{1,10}}[,，]?)?(?:应该是?|我要的是|我是说|我说的是|我想要|要的是|改成|换成|是|要|看)?(?=[^\s,，])", "换成"),
        (r"^(?:口误|笔误|更正|更正一下|纠正一下)[,，、:：。!.\s]+(?:应该是?|是|我是说)?(?=[^\s,，])", "换成"),
        (r"^(?:oops|sorry|my mistake|my bad|typo|correction|i misspoke|i meant|i mean|apologies)(?:[,.:!]| -)*\s*(?:i meant|i mean|it should be|that should be|should be|make (?:it|that)|i wanted)?\s*(?=[a-z0-9])(?<=\s)", "switch to "),
        (r"^(?:不对?[,，]?\s*)?不是(?!不|只|仅|说|很|特别)(?P<x>[^,，。的]{1,10})(?:的)?[,，、]\s*(?:而)?(?:我)?(?:是|要|要的是|想看|想要|问的是|说的是|指的是|看)+(?P<y>[^,，]{1,14}?)(?:的)?[。!]*$", r"换成\g<y>"),
        (r"^(?:no,? )?not (?!only|just|all|the (?:first|last)|sure|yet)(?P<x>[a-z0-9' -]{2,25}?)(?:,| -) ?(?:but |i (?:want|meant|mean) |rather )?(?P<y>[a-z0-9' -]{2,40})[.!]*$", r"switch to \g<y>"),
        # the same elsewhere
        (r"(?P<a>^.{1,16}?)(?:也|还|都)?(?:是)?(?:这样|如此|这个样子|一个样|一样|这种情况)(?:的)?(?:吗|么|嘛|不)?[?？。]*$", r"\g<a>呢"),
        (r"^(?:and )?(?:is|was|were|are) (?:it|that|this|they) (?:also )?(?:the same|like that|similar|so|true|the case)(?: story| picture)? (?:for|in|with) (?P<v>[^,?]{2,40})[?.]*$", r"what about \g<v>"),
        # added
        (rf"{_P}(?:再)?(?:叠加|叠上|外加|追加|并上)(?:一个|上)?(?=[^\s,，])", r"\g<p>加上"),
        (rf"{_E}(?:plus|overlay|layer on|superimpose|tag on|append) (?=[a-z0-9])", r"\g<p>add "),
        (rf"{_P}(?:把|将)?(?P<v>[^,，。?？]{{1,16}}?)(?:也|都|一起|一并)*(?:加进来|加进去|加入进来|加入|加上去|加上|算进来|算进去|放进来|带上|补上|列进来|纳进来|纳入)(?P<z>(?:[,，].*)?[吧呢了啊。!]*)$", r"\g<p>加上\g<v>\g<z>"),
        (rf"{_P}(?:再)?(?:多)?(?:加|添|补|列|来|增加|添加)(?:一列|一栏|一项|一行|多一列|个列|一个(?=[^月季]))(?=[^\s,，])", r"\g<p>加上"),
        (rf"{_P}(?:按)?(?P<v>[^,，。?？按也]{{1,10}})(?:也|再|都)(?:给我)?(?:拆开|拆一下|拆分|拆|分开|分一下|分|细分)(?:看看?|一下|列)?[吧呢了啊。!]*$", r"\g<p>再按\g<v>分"),
        (rf"{_E}(?:add|include|give me|put|show|insert) (?:a|an|another|one more|the) (?:column|line|row|field|series) (?:for|with|of|showing) ", r"\g<p>add "),
        (rf"{_E}(?:throw|bring|tack|chuck|drop|put|fold) (?P<v>[a-z0-9' -]{{2,30}}?) in(?:to (?:it|the mix|that))?(?: too| as well| also)?(?P<z>[.!]*)$", r"\g<p>add \g<v>\g<z>"),
        (rf"{_E}(?:throw in|bring in|tack on|fold in|put in) (?=[a-z])", r"\g<p>add "),
        # left out
        (rf"{_P}(?:把|将)?(?P<v>[^,，。?？]{{1,10}}?)(?:那一?块|这一?块|那边|这边|那部分|这部分)?(?:的)?(?:就|先|都)?(?:不用管|不用看|不管|别管|不用算|先不看|先不管|不用考虑)(?:了)?(?:[,，]\s*(?:直接)?(?:拿掉|去掉|剔掉|排除|去除|删掉|不要))?(?:吧|了)?[。!]*$", r"\g<p>去掉\g<v>"),
        (r"(?<![a-z])reverse ?(?:一下|下)(?:顺序|排序|order)?$|^把?(?:顺序|排序|order) ?reverse ?(?:一下|下)?$", "反过来排"),
        (r"^(?:那|看|按|,)*(?P<u>季度?|月度?|周|年度?|天|日)(?:度)?的(?:呢|吧)?[?？。]*$", r"按\g<u>看"),
        # taken in again
        (rf"{_P}(?:把|将)(?P<v>[^,，。?？]{{1,14}}?)(?:再|重新|给)?恢复(?:回来|一下|过来)?[吧呢了啊。!]*$", r"\g<p>加上\g<v>"),
        (rf"{_P}恢复(?!到|成|原|上一|刚才|之前|一下$|$|筛选|默认)(?P<v>[^,，。?？]{{1,14}})$", r"\g<p>加上\g<v>"),
        # the bound moved
        (rf"{_P}(?:把|将)?(?:这个?|那个?)?{_BOUND}(?:给我|再)?(?:降低|提高|调低|调高|调整|放宽|收紧|放低|抬高|降|提|调|改|换|设|定|抬|拉)(?:到|成|为|至)", r"\g<p>改成"),
        (rf"{_E}(?:lower|raise|move|set|change|drop|bring|adjust|push|put|make) (?:the|that|this) (?:threshold|bar|cut-?off|limit|bound|cutoff point)(?: up| down)?(?: to| at)? ", r"\g<p>make it "),
        (r"^(?:那|再|请|给我)*(?:放宽|收紧|提高|降低|调整?|放低|抬高|降|升|提)(?:到|至|成|为)(?=\d|[一二三四五六七八九十百千万]|百分)", "改成"),
        (rf"{_E}(?:raise|lower|relax|tighten|loosen|bump|bring|push|move) (?:it|that|this)(?: up| down)? to (?=\d)", r"\g<p>make it "),
        # what passes stays
        (r"(?P<b>(?:超过|高于|大于|多于|低于|小于|不到|少于|不足|至少|达到|超)[^,，的]{1,12}|[^,，的]{1,10}(?:以上|以下))的?(?:那些|那几个)?(?:都|就)?(?:留下来?|留着|保留下来?|保留|留)(?:就行|就好|吧|的)?[。!]*$", r"只看\g<b>的"),
        (rf"{_E}(?:keep|leave|retain)(?: in)? (?:only |just )?(?:the ones|those|the rows|anything|everything|whatever|what)(?: that(?: is|'s| are)?| which(?: is| are)?| is| are)? (?=above|over|below|under|more|less|at least|at most|between|fewer|higher|lower|greater)", r"\g<p>only those "),
        (r"^(?:把)?(?:上一个|上个|前一个|上一条)(?:问题|查询)(?:的)?(?:结果|答案|回答|数据)?(?:再|重新)*(?:给我|让我)?(?:看一下|看看|看一眼|看|列一下|列出来|列|显示一下|显示|展示一下|展示|来一遍)[吧呢了。!]*$", "回到上一个问题"),
    )
)
_ANEW = re.compile(
    r"^\s*(?:(?:好的?|嗯|那|ok(?:ay)?|please|now|let'?s)[,，\s]*)*(?:重新开始|重新来过?|从头来|从头开始|换个问题|换一个问题|换个话题|另一个问题|另外一个问题|新问题|新的问题|另外问一下|另问一个|再问一个新的|"
    r"start (?:over|again|afresh|fresh|from scratch)|starting over|begin again|new question|new topic|another question|(?:a )?different question|separate question|fresh start|clear (?:that|everything|all)|reset|change of topic|switching topics?)"
    r"(?:吧|了)?\s*(?:[:：,，.。;；!]|-+|—+)\s*(?=\S{2})",
    re.IGNORECASE,
)


_HEARD = re.compile(
    r"^(?:(?:h+m+|uh+|um+|fine|cool|great|nice|alright|all right|right|interesting|i see|got it|understood|thanks|thank you|sure|good|perfect|oh|ah|huh|wow|makes sense|fair enough|no worries|ok so)(?:[,.!;:]+|\s+-)\s*"
    r"|(?:行吧|行|好吧|好嘞|好|哦+|嗯+|噢|了解了?|明白了?|知道了|收到|原来如此|懂了|不错|可以|那行|那好|得|成|中|嚯|哇|天哪|厉害|有意思)(?:[,，。!、~]+\s*|(?=那)))+(?=\S)",
    re.IGNORECASE,
)
"""What is only said to the last answer: hmm, fine, 行吧."""


def heard(text: str) -> str:
    """Return a sentence without what is said first to what was answered or asked before; all of it where nothing else is said."""
    return _HEARD.sub("", text)


def conversed(text: str) -> str:
    """Return a follow-up (normalised, of any case) in the plain ways of changing a question."""
    text = heard(text)
    for said, meant in _RULES:
        changed, count = said.subn(meant, text, count=1)
        if count and changed.strip():
            return changed.strip()
    return text


_LEAST = 2
"""What is asked anew is longer than this."""


def anew(question: str) -> str | None:
    """Return what is asked after `start over:`, 换个问题，; None where nothing begins anew or nothing is asked."""
    match = _ANEW.match(question)
    return question[match.end() :] if match is not None and len(question) - match.end() > _LEAST else None


__all__ = ["anew", "conversed", "heard"]
