"""What a sentence does to the conversation instead of asking something: take the last step back, begin anew, have the last answer explained.

Pure functions, so that every surface keeps its conversations in the same way: `act_of` reads the words, `after` says which queries are then in force.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Literal, TypeVar

Q = TypeVar("Q")
Act = Literal["explain", "undo", "reset"]
"""`explain`: how the last answer came about. `undo`: back to the query before it. `reset`: what follows leans on nothing."""

_POLITE_ZH = r"(?:再(?=撤|退|后退|回退|换回来|换回去|改回来|改回去|变回)|请|麻烦|那|那么|那就|我想|我要|我们|帮我|不对|不是|算了|好的?|嗯|哦|还是|先|给我|可以|能|能不能|直接|,|，|\s)*"
_TAIL_ZH = r"(?:吧|吗|呢|啊|哦|了|一下|下|好了|就好|就行|看看|谢谢|[?？。.!！,，\s])*"
_POLITE_EN = r"(?:never ?mind(?=[, ]+(?:undo|go back|revert))|please|ok(?:ay)?|no|oh|sorry|wait|actually|now|then|and|let'?s|let us|can you|could you|i want to|just|,|\s)*"
_TAIL_EN = r"(?:please|thanks|thx|thank you|now|[?.!,\s])*"

_LAST_ZH = r"(?:刚才|刚刚|之前|上一个|上一条|上一次|上次|前一个|前一次|最近一次|前面|原来|先前|上一步|上一轮|上个|前一步)"
_THING_ZH = r"(?:的)?(?:那个|那条|那步|那次)?(?:的)?(?:问题|查询|结果|操作|条件|筛选|修改|改动|步骤|状态|视图|样子|回答|答案|一步|更改|设置)?"
_UNDO_ZH = (
    rf"(?:撤销|撤消|撤回|取消|恢复|还原|退回|返回|回退|倒回|后退|回到|退到|恢复到|还原到|返回到|退回到|倒退){_LAST_ZH}{_THING_ZH}",
    r"(?:撤销|撤消|撤回|取消|回退|后退|还原|倒退|返回|恢复)(?:一步|一次|一下|操作|修改|改动|上一步|原样|回去)?",
    r"(?:回去|退回去|退回|退一步|往回退|往回退一步|回上一步|返回上一层|上一步|上一个问题|上一个查询|改回去|改回来|换回去|换回来|变回去|恢复原样|恢复原状|刚才(?:的)?那个(?:问题|查询|结果)?|前一个(?:问题|查询|结果)|当我没说|刚才(?:说|问)(?:的)?(?:不算|作废)|刚才(?:的)?(?:不算|作废|不要了))",
)
_UNDO_EN = (
    r"(?:undo|revert|roll ?back|reverse)(?: (?:it|that|this|the|my|last|previous|one|step|change|filter|question|query|back))*",
    r"(?:go|step|move|switch|take me|get|change(?: it)?|turn|bring (?:it|me)) back(?: (?:to|a|one|the|my|previous|last|first|before|step|earlier|question|query|result|view|answer|what|we|i|had|it|was))*",
    r"(?:back|back up|previous(?: (?:one|question|query|result|answer|view))?|the (?:previous|last) (?:one|question|query|view) again)",
    r"back to (?:the )?(?:previous|last|earlier|prior|one before|before|what (?:we|i) had)(?: (?:one|question|query|result|view|answer|step|before))*",
    r"(?:scratch|take back|forget|cancel|discard|drop) (?:that|the last (?:one|step|change|question)|this)(?: back)?|take (?:that|it) back|never ?mind(?: that)?",
)
_RESET_ZH = (
    r"(?:重来|重新来|重新来过|重新开始|从头来|从头开始|从头再来|重置|重新问|重新提问|全部清空|清空|清除|清空(?:对话|上下文|记录|条件|全部|所有)|清除(?:对话|上下文|全部|所有)|另起一个|另开一个|新对话|新会话|新的对话|开始新(?:的)?(?:对话|会话|话题))",
    r"(?:换|换一?个|问|来|开始|下|开|再问)(?:一?个)?(?:新的?|别的|其他的?|另外的?|不同的)?(?:问题|话题|题目|主题)",
    r"(?:新|下一个|另一个|另外一个|另一)(?:的)?(?:问题|话题)",
)
_RESET_EN = (
    r"(?:start|begin)(?:ing)? (?:over|again|afresh|anew|from scratch|fresh|a new (?:question|topic|conversation))",
    r"(?:reset|clear)(?: (?:it|all|everything|the|this|conversation|context|chat|question))*",
    r"(?:a |ask a |i have a )?(?:new|another|different|next) (?:question|topic|subject|conversation|chat)",
    r"(?:change|switch) (?:the )?(?:topic|subject)",
)
_WHY_ZH = (
    r"(?:这个|这|它|结果|数字|那个?)?(?:是)?(?:为什么|为啥|为何|怎么回事|咋回事|什么原因|啥原因|原因是什么|凭什么|怎么会)(?:会|是|就|才|只有|有)*(?:这么|那么|这样|如此|这个)*(?:高|低|多|少|大|小|好|差|数|数字|结果|样|子)?",
    r"(?:这个|这|它|结果|数字|那|那个?)?(?:是)?(?:怎么|如何|咋)(?:算|计算|来|得来|得出|得到|统计|定义|查)(?:出来)?(?:的)?",
    r"(?:这个|它|那个?|这)?(?:的)?(?:口径|定义|依据|计算方式|计算方法|计算逻辑|算法|公式|数据来源|来源|数据口径|统计口径|含义)(?:是什么|是啥|是怎样的|怎么样|在哪|呢)?",
    r"(?:这个|它|那个?|这)?(?:数据|数字|数|结果)?(?:是)?(?:什么口径|什么意思|啥意思|从哪(?:里|儿)?来的?|哪(?:里|儿)来的?|根据什么(?:算的)?|依据是什么|指什么|指的是什么)",
    r"(?:这个|它|那个?|这)?(?:的)?(?:数据|数字|数|指标|口径|定义)?(?:是)?(?:由)?(?:谁|哪个部门|哪位领导|哪个委员会|什么时候|何时)(?:来)?(?:批准|审批|核准|批|审核|定义|定|确认|拍板|通过)(?:的|过的?)?(?:口径|定义|指标)?",
    r"(?:这个|它|那个?|这)?(?:的)?(?:数据|数字|数|指标|口径)?(?:的)?(?:批准人|审批人|负责人|负责部门|归口部门|owner)(?:是谁|是哪个|是什么)?",
    r"(?:解释|说明|讲解)(?:一下|下)?(?:这个|这个数|这个结果|它|结果|刚才的结果|上面的结果|上一个回答)?",
)
_WHY_EN = (
    r"why(?: (?:is|was|are|were|so|that|this|it|the|result|number|figure|low|high|many|few|much|little|not))*",
    r"(?:explain|justify)(?: (?:this|that|it|yourself|the|result|number|answer|figure|last|previous|how))*",
    r"how (?:is|was|did|do|are|were|come)(?: (?:this|that|it|you|we|the|number|result|figure|they|answer))*(?: (?:calculated|computed|defined|measured|counted|worked out|get|got|arrive at|come up with|come about|this|that|it|derived|made|number))*",
    r"(?:who|which (?:team|department|committee|body)) (?:has )?(?:approved|approves|signed off(?: on)?|signs off(?: on)?|owns|defined|defines|set)(?: (?:this|that|it|the|metric|measure|kpi|definition|number|figure|one))*",
    r"(?:who(?:'s| is) (?:the )?owner(?: of)?|who is responsible for|when was)(?: (?:this|that|it|the|metric|measure|kpi|definition|number|figure|one))*(?: approved)?",
    r"what does (?:this|that|it)(?: (?:number|figure|metric|result))?(?: exactly| actually| really)? mean(?: exactly| here| actually)?|what(?: is| was|'s)? (?:the )?(?:definition|formula|basis|source|calculation)(?: (?:of|for|here|this|that|it))*|where does (?:this|that|it)(?: (?:number|figure|result|data))? come from|what is (?:this|that|it) based on|(?:the )?definition|meaning|how so|how come",
)


def _whole(forms: Sequence[str], before: str, after: str) -> re.Pattern[str]:
    return re.compile(f"^{before}(?:{'|'.join(forms)}){after}$")


_FORMS: tuple[tuple[Act, re.Pattern[str]], ...] = (
    ("undo", _whole(_UNDO_ZH, _POLITE_ZH, _TAIL_ZH)),
    ("undo", _whole(_UNDO_EN, _POLITE_EN, _TAIL_EN)),
    ("reset", _whole(_RESET_ZH, _POLITE_ZH, _TAIL_ZH)),
    ("reset", _whole(_RESET_EN, _POLITE_EN, _TAIL_EN)),
    ("explain", _whole(_WHY_ZH, _POLITE_ZH, _TAIL_ZH)),
    ("explain", _whole(_WHY_EN, _POLITE_EN, _TAIL_EN)),
)
_MAX_WORDS = 60
"""A longer sentence asks something; the forms above match whole sentences only."""


def act_of(text: str) -> Act | None:
    """Return what a whole normalised sentence does to the conversation, or None for one that asks something."""
    if not text or len(text) > _MAX_WORDS:
        return None
    return next((act for act, form in _FORMS if form.match(text)), None)


def folded(turns: Iterable[tuple[str | None, Q | None]]) -> tuple[Q, ...]:
    """Return the queries in force after all turns (act, query), oldest first; queries in whatever form they are kept."""
    queries: tuple[Q, ...] = ()
    for act, query in turns:
        queries = after(queries, act, query)
    return queries


def after(queries: Sequence[Q], act: str | None, query: Q | None) -> tuple[Q, ...]:
    """Return the queries in force after a turn, oldest first; the last one is the next question's `context`, the others its `earlier`.

    `queries` are those before the turn, `act` and `query` what was understood (`query` None where nothing was read).
    """
    if act == "reset":
        return ()
    if act == "undo":
        return tuple(queries[:-1])
    if act == "explain" or query is None or (queries and queries[-1] == query):
        return tuple(queries)
    return (*queries, query)


__all__ = ["Act", "act_of", "after", "folded"]
