"""English and mixed ways of asking put plainly: who asks and for what stands beside the question, verbs that say no more than `have`, times and comparisons as they are said.

What is left out is recognised by its own words and its place, never by being unknown; a word on which a number can depend stays. No word of any field of business
stands here. Each rule names a word without which it can't apply, so that most sentences pass by most rules.
"""

from __future__ import annotations

import re

from governance.identity.first_names import FIRST_NAMES
from nlq.plainly.asked_english import asked
from nlq.plainly.rewriting import Meant, Rewriting
from nlq.plainly.shorthand import spelt_out

_MONTH = r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
_PART = rf"(?:h[12]|q[1-4]|{_MONTH})"
_VERSUS = r"(?:vs\.?|versus|against|compared (?:to|with)|over|than)"
_MEETING = r"(?:meetings?|calls?|catch[- ]?ups?|sync|1:1|one[- ](?:on|to)[- ]one|reviews?|stand-?ups?|o'clock|decks?|slides?|presentations?|reports?|qbrs?|mbrs?|wbrs?|sessions?|workshops?|chats?|huddles?|boards?|town ?halls?|steerco|off-?sites?|memos?|ppts?|briefings?|updates?|newsletters?|pitch(?:es)?|interviews?|dashboards?|(?:board |info |data |fact )?packs?)"
_WHOSE = r"(?:my|our|the|his|her|their|a|an|this|that|tomorrow's|today's|tonight's|next week's|this (?:morning|afternoon|week)'s|(?:mon|tues|wednes|thurs|fri)day's|[a-z]+'s?)"
_BEGIN = r"^(?:(?:right|ok(?:ay)?|so|well|now|alright|hey|hi|look|listen|quickly|quick one|morning|hello)[ ,.!:-]+)*"
_STOP = r"\s*(?:[,:;.!?]|-{1,2}(?= )|$)\s*"
_TOLD = r"(?:to know|to see|to find out|to understand|to get|to learn|to check|to figure out|to work out|to hear|to look at|for|about)"
_NUM = r"(?:\d+(?:\.\d+)?%?|one|two|three|four|five|six|seven|eight|nine|ten)"

def _shared_year(match: re.Match[str]) -> str:
    """Q1 vs Q2 last year: of both; H1 vs H1 last year: of the second only."""
    if match["a"].lower()[:3] == match["b"].lower()[:3]:
        return match.group() if match["y"].lower() != "last year" else f"{match['a']} year on year"
    return f"{match['a']} {match['y']} {match['v']} {match['b']} {match['y']}"


_PLAIN: tuple[tuple[tuple[str, ...], str, Meant], ...] = (
    # ---- who asks, and for what
    (("morning", "afternoon", "evening", "hello", "hi", "hey", "dear", "hiya"), r"^(?:good |gm,? )?(?:morning|afternoon|evening|hello|hi|hey|dear|hiya|howdy)(?:[ ,]+(?:all|team|everyone|folks|guys|there|again|wenshu|bot|assistant|sir|madam|mate|friends?|colleagues?))*\s*[!,.:;-]+\s*", ""),
    (("wenshu", "问数"), r"^(?:(?:hi|hey|hello|dear|你好|您好|嗨|哈喽)[ ,，]*)?(?:wenshu|问数)(?:[ ,:!，：！]+|(?=[\u4e00-\u9fff]))", ""),
    (("sir", "madam", "ma'am", "mate", "folks", "guys", "team"), r"^(?:sir|madam|ma'am|dear sir|mate|folks|guys|team|dear team)\s*[,:!.-]+\s*", ""),
    (("sir", "madam", "ma'am", "mate", "guys"), r"[, ]+(?:sir|madam|ma'am|mate|guys)\s*[.!?]*$", ""),
    (("regards", "rgds", "cheers", "sincerely"), r"[,.!;? ]+(?:(?:kind|best|warm|many)? ?regards|rgds|cheers|sincerely|yours sincerely)[,.! ]*(?:[a-z]+)?(?: [a-z]+)?[.! ]*$", ""),
    (("please", "pls", "thanks", "thx", "ty"), r"(?P<p>(?:please|pls|plz|thanks|thank you|thx|ty))[ !]*x{1,3}[.! ]*$", r"\g<p>"),
    (("deck", "meeting", "call", "report", "slide", "presentation", "review", "qbr", "mbr", "ppt", "o'clock", "1:1", "board", "memo", "sync", "update", "catch", "town", "brief", "stand", "workshop", "pack"),
     rf"{_BEGIN}(?:i (?:need (?:this|it|these|them)|want (?:this|it)|'?m)? ?)?(?:for|before|after|ahead of|in time for|prepping for|preparing for|ready for|during|going into)\s+{_WHOSE}\s+(?:\d{{1,2}}(?::\d\d)?\s*(?:am |pm )?)?(?:[a-z]+(?:ly)?\s+){{0,2}}{_MEETING}(?:\s+(?:with|for|to|at|on)\s+[a-z0-9:']+(?:\s+[a-z]+)?)?(?:\s+(?:tomorrow|today|later|tonight|next week|this (?:morning|afternoon|week)))?(?:\s+(?:please|pls|plz))?{_STOP}(?=\S)", ""),
    (("am", "pm"), rf"{_BEGIN}(?:before|for|ahead of) {_WHOSE} \d{{1,2}}(?::\d\d)? ?[ap]m(?: (?:with|meeting|call)(?: [a-z]+)?)?{_STOP}(?=\S)", ""),
    (("deck", "ppt", "report", "slide", "email", "邮件", "报告", "材料", "报", "会"), r"^(?:给|帮|为|替)\s*[a-z]+\s*(?:的|做的?|那个)*\s*(?:deck|ppt|report|slides?|email|邮件|报告|材料|周报|月报|汇报|会)(?:里?用的?|要的?|里要?放的?|准备的?)?\s*[:,;]\s*", ""),
    (("ppt", "deck", "report", "slide", "qbr", "mbr", "review", "meeting", "email", "memo"), r"^(?:我们?|咱们?)?(?:马上|今天|明天|下午|等下|回头|下周|周[一二三四五])?(?:要|在|正在|正|得|需要|准备|忙着)*(?:做|写|准备|弄|搞|改|交|出|赶|开|更新|整理?|prepare|prep|do|make|write)(?:一?[个份])?\s*[a-z/&' -]{0,24}?(?:的)?\s*(?:ppt|deck|reports?|slides?|qbr|mbr|review|meeting|email|memo|周报|月报|报告|汇报|材料|会)(?:用|要用|里用|用的)?\s*[,.:;]+\s*", ""),
    (("要的", "问的", "催的"), r"(?:人家|是|帮)\s*[a-z]+\s*(?:那边|部门|部|团队|同事|team)?(?:要的|要看的|问的|催的|想要的)(?=[,.;，]|$)", ""),
    (("ping", "slack", "@", "cue", "dm", "call", "email", "msg", "message"), r"(?:我们?)?(?:老板|领导|经理|总监|同事|boss|(?<![a-z])[a-z]{2,12})?(?:刚刚|刚才|刚|又|在|一直|今早|昨晚)*(?:ping|slack|cue|dm|msg|message|email|call|@)(?:了|过|到)?我(?:们)?(?:要|问|说要|说|看|催|,)*", ""),
    (("want", "need", "asking", "asked", "after", "would like"), rf"{_BEGIN}(?:folks|people|guys|everyone|everybody|somebody|someone|they|he|she|the (?:folks|guys|people|boys|girls|bosses|team|business|field|big boss(?:es)?)|my (?:boss|manager|team|director|lead|colleagues?))(?: (?:upstairs|in [a-z]+|at (?:the )?[a-z]+|from [a-z]+|over there|here))? (?:want(?:s|ed)?|need(?:s|ed)?|would like|(?:is|are|was|were|keeps?|kept) (?:asking(?: me)?|after|wondering|wanting|curious)|asked(?: me)?|asks?(?: me)?)(?: me)?(?: to (?:pull|check|find out|get|show|report))? ?{_TOLD}? (?=[a-z])", ""),
    (("want", "look", "try", "hop", "need", "keen", "itch", "curious", "wonder", "dying", "interested"), rf"(?:^|(?<=[,.;!?:] )|(?<=and ))(?:i|we|i'm|we're|they|they're)(?: am| are)?(?: (?:just|only|basically|really|also|actually|now|currently))* (?:wanting|looking|trying|hoping|needing|keen|itching|dying|curious|wondering|interested) {_TOLD} ", ""),
    (("chance", "possible", "able"), r"(?:is there )?(?:any |a )?(?:chance|way|possibility)(?: that)? (?:you|u|someone|anyone|i|we) (?:could|can|would|will|might|may)(?: please| pls| kindly| just)? ?(?:tell|show|give|get|pull|send|let|share with|find|see|have|look up|check)(?: up| out)?(?: me| us)?(?: know| have| see)? (?=[a-z0-9])", "show "),
    (("needful",), r"(?:please |pls |kindly )*do the needful(?: and| to|,)*\s*", ""),
    (("revert", "get back", "come back"), r"(?:please |pls |kindly )*(?:revert(?: back)?|get back|come back)(?: to (?:me|us))? with (?=[a-z0-9])", "show "),
    (("revert", "get back", "come back", "let me know"), r"[,.; ]+(?:please |pls |kindly )*(?:revert(?: back)?|get back(?: to (?:me|us))?|come back(?: to (?:me|us))?|let me know)(?: soon| asap| at the earliest)?[.! ]*$", ""),
    (("say",), r"(?:,| -)? (?:let's |shall we )?say,? (?=(?:the )?(?:top|bottom|first|last|worst|best)\b)", " "),
    (("flag", "highlight", "mark", "call out", "point out"), r"(?:,|;|and)? ?(?:please |pls )?(?:flag|highlight|mark|call out|point out)(?: (?:it|them|that|those|these|any))?(?: in red| for me| up)?(?=[ ,.;!?]*$)", ""),
    (("anything",), r"(?<![a-z])anything (?=(?:above|over|below|under|more than|less than|higher than|lower than|at least|at most) [\d.])", "those "),
    (("whatever", "whichever", "any will do", "either"), r"[,.; -]+(?:or (?:in )?[a-z]+,? +)?(?:whatever|whichever)(?: (?:one|it is|of them))? ?(?:you(?:'ve| have)? got|you have|you can find|you can get|is (?:available|easier|handy|there)|works|there is)[.! ]*$|[,.; -]+(?:any will do|either (?:works|is fine|will do))[.! ]*$", ""),
    (("patch", "turf", "neck of the woods"), r"(?:^|(?<= ))(?:(?:in|for|on|across|over|within) )?(?:my|our) (?:patch|turf|neck of the woods|own patch)(?:\s*[:,-]\s*|(?=[ .?!,]|$))", ""),
    (("number", "kpi", "figure", "metric", "指标", "数字", "数"), r"(?:的|'s)?\s*(?:kpis?|key (?:numbers|figures|metrics)|核心指标|关键指标)\s*:\s*(?=[^,]+,)", ": "),
    (("number", "kpi", "figure", "metric", "指标", "数字"), r"(?<=\w) *(?:这)?[两二三四五六2-6]个\s*(?:numbers?|kpis?|figures?|metrics?|指标|数字)(?:就行|即可|就好|都要)?[.! ]*$", ""),
    (("arrange",), r"(?:please |pls |kindly )*arrange (?:to (?:provide|share|send|give|get|show|pull)|for)(?: me| us)? (?=[a-z0-9])", "show "),
    (("favour", "favor", "quick"), rf"{_BEGIN}(?:i )?(?:need|want|asking)? ?(?:a )?(?:quick |small |big |little )*(?:favour|favor|ask|request|question|q|help)(?: please| from you)?{_STOP}(?=\S)", ""),
    (("checking", "following up", "circling back", "touching base", "wondering", "curious"), rf"{_BEGIN}(?:i'm |i am |just |only |quickly |quick )*(?:checking(?: in)?|following up|circling back|touching base|double[- ]checking|wondering|curious)(?: again| here| quickly)?{_STOP}(?=\S)", ""),
    (("love to", "like to", "want to", "wanna", "keen to", "need to"), r"(?<![a-z])(?:i'd|i would|we'd|we would|i|we|i'll|we'll)? ?(?:really |also |just )?(?:love|like|want|wanna|need|prefer)(?: to)? (?:understand|work out|figure out|find out|get a sense of|get an idea of|get a feel for|dig into|look into)(?: about)? (?=[a-z0-9])", "show "),
    ((" u ",), r"(?<![a-z])(?P<v>can|could|will|would|do|did|if|should) u (?=[a-z])", r"\g<v> you "),
    (("help me", "help us"), r"(?<![a-z])help (?:me|us) (?:to )?(?:see|find|get|understand|work out|figure out|check|pull|look up) (?=[a-z0-9])", "show "),
    (("outperform", "beat", "outpac", "outdo", "ahead of", "surpass"), r"(?<![a-z])(?:outperform(?:s|ing|ed)?|outpac(?:es|ing|ed|e)|outdo(?:es|ing)?|beating)(?= (?:the )?[a-z])", "doing better than"),
    (("underperform",), r"(?<![a-z])underperform(?:s|ing|ed)? (?=(?:the )?[a-z]+ (?:on|in)\b)", "doing worse than "),
    (("in %", "in percent", "as %", "as a %", "as percent", "% split", "percentage terms"), r"(?:,? ?)(?<![a-z0-9%])(?:in|as) (?:a )?(?:%|percent(?:age)?s?(?: terms)?)(?=[,.?!]|$)", " share"),
    (("the one before", "the prior one", "the previous one", "the last one"), rf"(?<![a-z])(?P<v>{_VERSUS}) the (?:one before|prior one|previous one|one before that)(?: that)?(?![a-z])", "versus the previous period"),
    (("%",), r"[,;]\s*%\s*(?=[,;]|$)", " share"),
    (("标", "圈出", "挑出", "高亮", "highlight", "flag"), r"的(?:都|也|给我|帮我)*(?:标出来|标红|标一下|标注(?:一下|出来)?|圈出来|挑出来|高亮(?:一下)?|highlight(?:一下|出来)?|flag(?:一下|出来)?)(?=[,.;。]|$)", "的"),
    (("manager", "boss", "director", "vp", "ceo", "cfo", "gm", "supervisor", "leader"), r"^(?:my |our |the |我的?|我们的?)?(?:[a-z]{3,9} )?(?:manager|boss|director|vp|ceo|cfo|gm|supervisor|leader)(?:那边|刚刚?|又|在)*(?:要的|想要的|问的|要看的|催的|想看的?|想知道|要看|要|问)\s*[:,]?\s*(?!问题)", ""),
    (("组合",), r"(?P<a>(?:[x×*/+&]|和|与|、|and )\s*[a-z\u4e00-\u9fff ]{1,16}?)\s*的?组合(?=[\s,.;]|$)", r"\g<a>"),
    (("→", "->", "=>"), r"(?<=[a-z0-9\u4e00-\u9fff])\s*(?:→|-{1,2}>|=>)\s*(?=[a-z0-9\u4e00-\u9fff])", "到"),
    (("but ",), r"(?<![a-z])but (?=(?:split|broken|cut|sliced|shown|sorted|ranked|grouped|by)(?![a-z]))", ""),
    # ---- verbs that say no more than to have
    (("log", "clock", "rack", "notch", "chalk", "pull off"), r"(?<![a-z])(?P<v>(?:did|do|have|has|had) (?:we|they|you|our team|the team|i)|we|they|we've|we have) (?:log(?:ged)?|clock(?:ed)?(?: up)?|rack(?:ed)? up|notch(?:ed)? up|chalk(?:ed)? up|pull(?:ed)? off)(?= (?:in|on|by|for|with|at|during|last|this|since|from|through|via|over|across|per|so)\b|[ ,.?!]*$)", r"\g<v> have"),
    (("burn", "blow", "blew", "splash", "shell", "fork", "sunk", "plough", "pour"), r"(?<![a-z])(?:burn(?:ed|t|ing)?(?: through)?|blow(?:n|ing)?|blew|splash(?:ed|ing)?(?: out)?|shell(?:ed|ing)? out|fork(?:ed|ing)? out|sunk|plough(?:ed)?|plow(?:ed)?|pour(?:ed)?)(?= (?:on|in|into|for|over|last|this|so|by|through)\b)", "spent"),
    (("sitting", "running", "hovering", "standing", "shaping", "faring"), r"(?<![a-z])(?:currently )?(?:sitting|running|hovering|standing|shaping up|faring)(?: at| around| on)?(?= (?:for|in|by|on|with|among|this|last|so|now|right now|across|at the moment|these days)\b|[ ,.?!]*$)", ""),
    (("look like",), r"(?<![a-z])what(?:'s| is| does| do| did) (?:it|that|this|they|those) look(?:ing)? like", "show"),
    (("with most", "with the most", "with least"), r"(?<![a-z])(?:engag|interact|connect)(?:e|es|ed|ing|s)? with (?:the )?(?P<s>most|least)(?=[ ,-]+by )", r"\g<s>"),
    (("to get",), r"(?<![a-z])to get (?P<n>[a-z]+) to (?=[a-z])", r"for \g<n> to "),
    (("combination", "combo", "pairing"), r"(?P<a>[x×*&/+]| and | by )(?P<b>[^,.;?]{2,24}?) (?:combinations?|combos?|pairings?)(?![a-z])", r"\g<a>\g<b>"),
    (("no.", "no ", "nos", "nr", "#"), r"(?<![a-z])(?:nos?\.|nos|nr\.?|#) ?of (?=[a-z])|^no of (?=[a-z])", "number of "),
    (("cost",), rf"(?<![a-z])costs?(?:ing)?(?: us)? (?P<c>more than|less than|over|under|above|below|at least|at most|upwards of) (?P<n>[\d.,]+ ?k?|{_NUM}) ?(?:yuan|rmb|cny|usd|dollars?|euros?)? (?:per|a|each|for each|for every|for one) (?P<m>[a-z]+)(?![a-z])", r"have a cost per \g<m> \g<c> \g<n>"),
    (("cost",), r"(?<![a-z])(?:what|how much) (?:did|does|do|has|have) (?:one|a|an|each|every|a single|the average) (?P<m>[a-z]+) costs?(?: us)?(?![a-z])", r"what is the cost per \g<m>"),
    # ---- corrections of oneself
    (("sorry", "i mean", "make that", "rather", "scratch"), rf"(?<![a-z])(?:the )?(?P<a>{_NUM}) (?P<n>[a-z]+)\s*(?:\.{{2,}}|,|-| )\s*(?:sorry|i mean|make that|no wait|scratch that|or rather|rather)[, ]+(?:the )?(?P<b>{_NUM}) (?P=n)", r"\g<b> \g<n>"),
    (("sorry", "i mean", "make that", "rather", "scratch"), rf"(?<![a-z])(?:in |for )?{_PART}\s*(?:\.{{2,}}|,|-| )\s*(?:sorry|i mean|make that|no wait|scratch that|or rather|rather)[, ]+(?P<b>(?:in |for )?{_PART})(?![a-z0-9])", r"\g<b>"),
    (("sorry", "i mean", "make that", "rather", "scratch"), r"(?<![a-z])(?P<w>top|bottom|last|first|worst|best) \d+\s*(?:\.{2,}|,|-| )\s*(?:sorry|i mean|make that|no wait|scratch that|or rather|rather)[, ]+(?P<b>(?P=w) \d+)", r"\g<b>"),
    # ---- times
    (("till date", "to date", "on date", "till now", "till today", "on today"), r"(?<![a-z])(?:up ?to |until |un)?(?:till?|as on|as of|as at|up ?to) (?:date|now|today|this date)(?![a-z])", "to date"),
    ((" fy",), r"(?<![a-z])(?P<w>last|this|previous|prior|current|next) fy(?![a-z0-9])", r"\g<w> fiscal year"),
    (("ytd",), r"(?<![a-z0-9])(?P<y>fy ?'?(?:20)?\d\d|20\d\d)[ -]ytd(?![a-z])", r"\g<y> to date"),
    (("ytd",), r"(?<![a-z0-9])ytd[ -](?P<y>fy ?'?(?:20)?\d\d|20\d\d)(?![a-z0-9])", r"\g<y> to date"),
    (("past year",), r"(?<![a-z])(?P<p>(?:over|in|within|during|across|for|throughout) )?the past year(?![a-z])", r"\g<p>the last 12 months"),
    (("last year",), r"(?<![a-z])(?P<p>over|in|within|during|across|throughout) the last year(?![a-z])", r"\g<p> the last 12 months"),
    (("latest",), r"[,;]\s*(?:the )?latest(?: (?:one|figures?|numbers?|values?|data|available|month|period|reading))?[.?! ]*$", ""),
    ((" end",), rf"(?<![a-z])(?P<p>as of|as at|at|by|until|till) (?P<m>{_MONTH}|q[1-4]|h[12])[ -]end(?![a-z])", r"\g<p> the end of \g<m>"),
    (("complete", "full", "finished", "closed", "whole"), r"(?:最近|上)的?(?:一个?)?的?\s*(?:complete|full|finished|closed|whole)\s*的?\s*(?P<u>quarter|month|week|year)", r" last \g<u> "),
    (("为止",), r"(?<![a-z])yesterday\s*为止", "截至昨天"),
    (("为止",), r"(?<![a-z])today\s*为止", "截至今天"),
    (("为止",), rf"(?<![a-z])(?P<m>{_MONTH}|q[1-4])\s*(?:end|底|末)?\s*为止", r" as of the end of \g<m> "),
    # ---- one period against another
    (("before", "prior", "previous", "preceding"), rf"(?P<a>(?:last|past|previous) (?P<n>{_NUM}) (?P<u>days?|weeks?|months?|quarters?|years?)(?![a-z]).*?)(?P<v>{_VERSUS}) (?:the )?(?:(?P=n) (?P=u) (?:before|prior|preceding|earlier)(?: that| those)?|(?:previous|prior|preceding) (?P=n) (?P=u))(?![a-z])", r"\g<a>versus the previous period"),
    (("by how much",), r"(?:^|(?<=[,.;] ))by how much (?=(?:did|has|have|is|was|does)(?![a-z]))", "how much "),
    (("same day", "same weekday"), r"(?<![a-z])yesterday(?P<v>.{1,20}?)(?:the )?same (?:week)?day (?:last week|(?:of )?the (?:week before|previous week)|a week (?:ago|earlier|before))", r"yesterday\g<v>8 days ago"),
    (("same day", "same weekday"), r"(?<![a-z])today(?P<v>.{1,20}?)(?:the )?same (?:week)?day (?:last week|(?:of )?the (?:week before|previous week)|a week (?:ago|earlier|before))", r"today\g<v>7 days ago"),
    ((" and ", "&", "+"), rf"(?<![a-z])(?P<a>{_MONTH}|q[1-4]) ?(?:and|&|\+) ?(?P<b>{_MONTH}|q[1-4])(?: (?:combined|together|total|taken together))? (?P<v>{_VERSUS}) (?:those of )?(?P<c>{_MONTH}|q[1-4]) ?(?:and|&|\+) ?(?P<d>{_MONTH}|q[1-4])(?: (?:combined|together|total|taken together))?(?![a-z0-9])", r"\g<a> to \g<b> \g<v> \g<c> to \g<d>"),
    (("vs", "versus", "against", "compared"), rf"(?<![a-z])(?P<a>{_PART}) (?P<v>{_VERSUS}) (?P<b>{_PART}),?(?: of| in)? (?P<y>last year|this year|20\d\d)(?![a-z0-9])", _shared_year),
)  # fmt: skip
_RULES = Rewriting.of(_PLAIN)

# ---- Chinese with English words in it
_DEGREE = re.compile(r"最\s*(?P<w>low|high|big|large|small|good|bad|great|slow|fast|poor|strong|weak|popular|active|long|short|cheap|expensive)(?![a-z])", re.IGNORECASE)
_MOST = {
    "low": "lowest", "high": "highest", "big": "highest", "large": "highest", "small": "lowest", "good": "best", "bad": "worst", "great": "best", "slow": "slowest", "fast": "fastest",
    "poor": "worst", "strong": "highest", "weak": "lowest", "popular": "most popular", "active": "most active", "long": "longest", "short": "shortest", "cheap": "cheapest", "expensive": "most expensive",
}  # fmt: skip
_EITHER = re.compile(r"(?P<v>[涨跌升降掉]|上升|下降|增长|提高|上涨|下跌)了?没有?(?P=v)|(?P<w>[涨跌升降掉]|上升|下降|增长|提高|上涨|下跌)了没有?(?=[,，。.?？!！]|$)")
"""跌没跌, 涨了没有: whether it did."""
_HARD = re.compile(r"(?P<v>[涨跌升降掉])得(?:很|挺|比较|有点|这么|那么|特别)?(?:厉害|狠|猛|凶|明显|夸张|惨|快)(?:吗|么|嘛|不)?(?=[,，。.?？!！]|$)")


_FOR_SOMEONE = re.compile(
    r"^(?:for |给|帮)\s*(?P<a>[A-Z][a-z]{1,11})\s*(?:[:：]|-{1,2}\s)\s*"
    r"|^(?P<b>[A-Z][a-z]{1,11})(?: (?:from|in|at) [a-z]+)? (?:asked|asks|wants|wanted|needs|needed|is asking|was asking|keeps asking|would like|is after)(?: me)?(?: for| about| to (?:know|see|get|have)(?: about)?)?[:,]? +"
    r"|(?:^|(?<=[,，。;；]))\s*(?P<c>[A-Z][a-z]{1,11})\s*(?:那边)?(?:刚刚?|又|在)?(?:要的|想要的|想看的|问的|要看的|要看|想看|想要|想知道|想问|问一下|在问|问我|问)(?!题)(?!多少)"
)
"""For Tom: …, Linda要的…: a colleague by the first name who asks, at the beginning; no title, no family name, and not whose figures are asked."""


def _asked_by(text: str) -> str:
    match = _FOR_SOMEONE.search(text)
    if match is None or (match["a"] or match["b"] or match["c"]).lower() not in _FIRST_NAMES:
        return text
    rest = text[: match.start()] + text[match.end() :]
    return rest if re.search(r"\w", rest) else text


_FIRST_NAMES = frozenset(name.lower() for name in FIRST_NAMES)


_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DAY = r"(?:mon|tue|tues|wed|weds|thu|thur|thurs|fri|sat|sun)(?:day|nesday|sday|rsday|urday)?s?"
_DAY_RANGE = re.compile(rf"(?<![a-z])(?P<a>{_DAY}) ?(?:-|to|through|thru|till|until) ?(?P<b>{_DAY})(?![a-z])", re.IGNORECASE)
_LETTERS = re.compile(r"(?<![a-z0-9/])[a-z](?:/[a-z]){2,}(?![a-z0-9/])", re.IGNORECASE)
"""A/B/C: each of them, no A/B test."""
_ABBREVIATED = re.compile(r"(?<![a-z])(?P<v>vs\.?|versus|against|over|than|period|time|month|quarter|same|from|in|and|of) (?P<s>ly|lm|lq|lw)(?![a-z])", re.IGNORECASE)
_LAST = {"ly": "last year", "lm": "last month", "lq": "last quarter", "lw": "last week"}


def _days(match: re.Match[str]) -> str:
    """Mon-Fri: each of the days."""
    first, last = (next((index for index, day in enumerate(_DAYS) if day.startswith(match[name].lower()[:3])), None) for name in ("a", "b"))
    if first is None or last is None or first >= last:
        return match.group()
    return ", ".join(f"{day}s" for day in _DAYS[first:last]) + f" and {_DAYS[last]}s"


def phrased(text: str) -> str:
    """Return normalised text (of any case) put plainly; text that has none of these ways of asking is returned as it is."""
    if "/" in text:
        text = _LETTERS.sub(lambda match: match.group().replace("/", "、" if not text.isascii() else ", "), text)
    text = _ABBREVIATED.sub(lambda match: f"{match['v']} {_LAST[match['s'].lower()]}", _DAY_RANGE.sub(_days, _asked_by(spelt_out(text))))
    if not text.isascii():
        text = _EITHER.sub(lambda match: f"{match['v'] or match['w']}了多少", text)
        text = _HARD.sub(r"\g<v>了多少", text)
        text = _DEGREE.sub(lambda match: f" {_MOST[match['w'].lower()]} ", text)
    return asked(_RULES.apply(text)).strip()


__all__ = ["phrased"]
