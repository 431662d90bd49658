"""Ways of speaking put plainly where a question could not be read as it stands: questions of the form A-not-A, pointers of dialects, words of Taiwan and Hong Kong.

Unlike `nlq.plainly.dialect` these rules are only tried in a second reading, since some of what they rewrite could be a name of a bundle (通路, 专案).
No word of one field of business stands here.
"""

from __future__ import annotations

import re

_END = r"(?=$|[\s,.;?!])"
_CHANGED = "[涨跌升降增减掉]"
_RULES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(said), meant)
    for said, meant in (
        # whether, as Chinese asks it: it is no negation
        (rf"(?:到底|究竟)?({_CHANGED})没\1", r"\1了"),
        (rf"({_CHANGED})了?没有?{_END}", r"\1了"),
        (rf"((?:增长|下降|上升|提升|提高|下滑|减少|增加|改善|好转|恶化|变化|回升|回落))了?没有?{_END}", r"\1"),
        (rf"(?:有没有|有)(?:什么|啥)?(?:起色|长进|进展|改观|动静|波动|起伏)(?:吗|么|没有?|呢)?{_END}", "变化"),
        (r"(?:有没有|有)(?:所|什么|啥|点)?(?=(?:提升|提高|改善|好转|进步|增长|下降|下滑|变化))", ""),
        (r"(?:越来越|愈来愈)[高低多少好差](?:了)?(?:还是|或者?|定)(?:越来越|愈来愈)[高低多少好差](?:了)?", "的变化趋势"),
        (rf"(?:是不是|是否)?(?:越来越|愈来愈)[高低多少好差大小快慢]了?[吗么呢]?{_END}", "的变化趋势"),
        (rf"((?:完成|达成|达到|实现)了?[^\s,.]{{0,4}}(?:指标|目标|任务|计划)|达标)了?没有?{_END}", r"\1了吗"),
        (r"我(?:手下|手底下|手上|名下)的?(?=[各每所全哪有谁几])", "我区"),
        (r"([多少高低快慢涨跌升降好差])了?(?:还是|定系?|抑或)([多少高低快慢涨跌升降好差])了?" + _END, "多还是少"),
        (rf"(?:到底|究竟)?(?:[跑做卖搞干弄]得)?([^\W\da-z_是能会要可有对高低多少])不\1(?:得?了)?[啊呀呢嘛吧]*{_END}", ""),
        (rf"(比[^\s,.的]{{1,8}}?)(?:强|弱|好|差)(?:了|些|点|一些)?(?:吗|么|不|没有?)?{_END}", r"\1多还是少"),
        (rf"(?<=[强高低多少好差])不{_END}", ""),
        # whether there is a difference between rows that are named: they are shown beside one another
        (rf"(?:之间)?的?(?:有没有|是否有|是否存在|存在|有)?(?:什么|啥|多大|明显的?|很大的?|大的?)?(?:区别|差别|差异|不同)(?:有多大|多大|大不大|大|明显)?(?:吗|么|没有?|不|呢)?{_END}", "对比"),
        # bounds of talk
        (r"(?<=[数量额率次人元])上(?P<n>[百千万亿]|百万|千万)(?=的|$|[\s,])", r"超过一\g<n>"),
        (r"连(?P<n>[^\s,都]{1,4}?[成%])(?P<of>指标|目标|任务|计划)都?(?:不到|没到|没有|达不到|没达到|没干到|没做到|没完成)", r"\g<of>达成率低于\g<n>"),
        (r"连(?P<n>[^\s,都]{1,6})都?(?:不到|没到|没有|达不到|没达到|不足)", r"低于\g<n>"),
        (r"(?<!从[一-鿿])(?<!从[一-鿿]{2})(?<!从[一-鿿]{3})(?<!从[一-鿿]{4})(?:走|升|进阶|发展|转化|推进|转变|迈)(?:到|入|进|成|为)了?(?=[^\s,多几哪])", "处于"),
        (r"(?:产出|产生|创造|带来|做出)了?(?=(?:多少|几)[^\s,]{2})", ""),
        # so many, in the west and the south
        (r"(?<=[了率是数额量过有度分])好多(?=$|[\s,.?!嘛呀啊呢]|[钱次个人家块盒份条])", "多少"),
        (r"几许|几多", "多少"),
        (r"(?P<n>几|多少|\d+)(?:趟|遭|回)(?!家|访|复|款|收|报)", r"\g<n>次"),
        (r"(?P<n>几|多少)(?:块|元|大洋)(?!钱)", "多少钱"),
        (r"(?<=[卖做跑干搞])(?=(?:咋样|怎么样|怎样|如何))", "得"),
        # who and where of dialects, with nothing in them
        (r"(?:那|这)(?:疙瘩|旮旯|旮瘩|嘎达|块儿?地界|片儿|厢|搭)", "那边"),
        (r"(?:哪|啥)(?:疙瘩|旮旯|旮瘩|嘎达|搭)|啥地方|啥地界", "哪里"),
        (r"(?<=[^\s,.])[这那](?:货|玩意儿?|家伙|小子|厮)", ""),
        (r"打(?=(?:上|去|今|昨|前|本|\d).{1,6}?(?:起|开始|以来))", "从"),
        # the words of Taiwan and Hong Kong
        ("行销", "营销"), ("通路", "渠道"), ("报酬率", "回报率"), ("专案", "项目"), ("客诉", "投诉"), ("门市", "门店"), ("品质", "质量"), ("营收", "收入"),
        ("多少巴仙|巴仙", "多少"), (rf"计{_END}", ""), ("开启率", "打开率"), ("首(?=[一二三四五六七八九十两\\d]+(?:个?[季月周]))", "前"), ("首季度?", "一季度"), ("(?:比率|比重)(?=几多)", "比例"),
    )
)  # fmt: skip


def plainer(text: str) -> str:
    """Return normalised text with these ways of speaking put plainly; text that has none of them is returned as it is."""
    for said, meant in _RULES:
        text = said.sub(meant, text)
    return text.strip()


__all__ = ["plainer"]
