"""More words of the language: verbs of showing, leaving out as it is said, orders with a direction, what compares prices. Kinds as in `nlq.words.grammar`.

No word of any field of business stands here. A word is a filler only if no number can depend on it.
"""

from __future__ import annotations

CHINESE: tuple[tuple[str, object, str], ...] = (
    ("f", None, "进来 进来的 连着 连着看 大伙 大伙儿 大家伙 大家伙儿 俺 俺们 咱家 侬 先 先把 先给我 一并列出 列 列个 列一个 分别列出来吧 跑 跑了 给列 排出来 打印 打印出来 总结 总结一下 归纳 归纳一下 报一下 报个数 报一报 对一下 对一对 说下 讲下 讲一下 过一下 拎出来 摆出来 亮一下 晒一下 交代一下"),
    ("f", None, "顺便 顺带 顺手 找出来 挑出来 筛出来 选出来 聚合 放一张表 放一张表里 放一个表里 然后 然后再 然后再看"),
    ("L", None, "全国盘子 大盘子 盘子"),
    ("B", None, "处在 停在 停留在"),
    ("K", None, "座次 排个座次 排座次"),
    ("S", "desc", "领跑 领头"),
    ("d", None, "好还是坏 变好还是变坏"),
    ("E", None, "放一起看 放在一起看 放一起看看 放在一起看看 放一起比 放在一起比 放一块看 放一块儿看 摆在一起看 摆一起看 并排看 并排放 分别列 分别列出 分别列一下 分别列出来 分别给出 分别看 分别看看 分别看一下 分别给我 分别统计 分开列 分开列出 分开统计 分开算 各自列 各自列出 逐个列出 逐一列出 一一列出"),
    ("X", None, "撇除 剔掉 剔出 剔除掉 剔出去 排掉 刨掉 刨开 抠掉 择掉 摘掉 撇掉 去除出去 抛掉 抛除 略去 略过 忽略 忽略掉 踢掉 踢出去"),
    ("d", None, "贵多少 贵了多少 便宜多少 便宜了多少 贵几块 便宜几块 重多少 轻多少 远多少 近多少 久多少 强多少 弱多少 贵还是便宜 贵吗 便宜吗"),
    ("S", "desc", "最勤 最勤快 最容易 最积极 最踊跃 最吃香 最猛 最旺 最能 最爱 最喜欢 最费钱 最烧钱 最花钱 最耗钱 最带劲 最红 最主动 最高产 最卖座 最叫座 最长久"),
    ("S", "asc", "最懒 最少见 最不容易 最难 最不积极 最不爱 最不喜欢 最清淡 最惨淡 最低迷"),
    ("S", "best", "最牛 最给力 最出色 最亮 最能打 最行 最划算 最合算 最实惠 最值 最争气 最出彩 最靠谱"),
    ("S", "worst", "最孬 最拉胯 最拉垮 最烂 最惨 最差劲 最不行 最拖后腿 最掉链子 最垫底 最不争气 最不给力 最菜 最逊"),
    ("S", "desc", "高峰 高峰期 最高峰 峰值时段"),
    ("s", "desc", "高的在前 多的在前 大的在前 高的排前面 多的排前面 大的排前面 高的放前面 多的放前面 最高的在前 最多的在前 最高的排前面 最多的排前面 最高的放前面 最多的放前面 从最高到最低 从最多到最少"),
    ("s", "asc", "低的在前 少的在前 小的在前 低的排前面 少的排前面 小的排前面 低的放前面 少的放前面 最低的在前 最少的在前 最低的排前面 最少的排前面 从最低到最高 从最少到最多"),
    ("s", "worst", "从慢到快 由慢到快"),
    ("s", "best", "从快到慢 由快到慢"),
    ("e", None, "谁批准 谁批准的 谁审批 谁审批的 谁核准 谁核准的 谁批的 由谁批准 由谁审批 谁定义的 谁定的口径 批准人 审批人 批准人是谁 审批人是谁 什么时候批准的 何时批准 何时批准的"),
    ("y", None, "不再分 别分 别按 不再按 无需分"),
)
ENGLISH: tuple[tuple[str, object, str], ...] = (
    ("I", ("down", "change"), "dip|dips|dipped|dipping|slump|slumped|plunge|plunged|tumble|tumbled|slowdown|downturn|downtick|weakened"),
    ("I", ("up", "change"), "spike|spiked|surge|surged|uptick|jump|jumped|soar|soared|leap|leapt|upturn|pickup"),
    ("X", None, "sans|barring|save for|leaving aside|net of"),
    ("X", None, "but for|excl|ex"),
    ("e", None, "who approved|who has approved|who signed off|who signed off on|who owns|who is the owner of|who's the owner of|owner of|who defined|approved by whom|who is responsible for the definition of"),
    ("f", None, "handle|handles|handled|handling|deal with|deals with|dealt with|land|landed|land on|landed on|end up|ended up|wind up|wound up|come out|came out|came out at|come in at|came in at|turn out|turned out|anybody|anyone|somebody|someone|list out|lay out|pull together|put together|walk me through|run me through|remind me|spell out|break out"),
    ("s", "desc", "most frequent first|highest first|largest first|biggest first|most first|greatest first|longest first|busiest first|high to low|highest to lowest|most to least|largest to smallest|biggest to smallest|with the highest first|with the most first|with the largest first|starting with the highest|starting with the most|starting with the largest|from most to fewest|most to fewest"),
    ("s", "asc", "least frequent first|lowest first|smallest first|fewest first|least first|shortest first|low to high|lowest to highest|least to most|smallest to largest|with the lowest first|with the fewest first|starting with the lowest|starting with the fewest|starting with the smallest|fewest to most"),
    ("s", "asc", "cheapest first|least expensive first|weakest first|youngest first"),
    ("s", "desc", "most expensive first|priciest first|dearest first|strongest first|oldest first"),
    ("s", "worst", "slowest first|slowest to fastest|from slowest to fastest|worst performing first"),
    ("s", "best", "fastest first|quickest first|fastest to slowest|from fastest to slowest|best performing first"),
    ("i", None, "how quickly|how fast|how slowly|how soon|how promptly"),
    ("s", "best", "best first|best to worst|from best to worst|with the best first"),
    ("s", "worst", "worst first|worst to best|from worst to best|with the worst first"),
)
"""(kind, value, phrases): parted by blanks in Chinese, by bars in English."""
__all__ = ["CHINESE", "ENGLISH"]
