"""The problems of a bundle, and of what the room is asked, in Chinese. The wings of governance word them in English, for logs and the command line; a page shows the reader's language.

Each pattern answers one wording whole. What none answers stays English: a half-translated sentence would be worse.
"""

from __future__ import annotations

import re

NAME = r"'(?P<name>[^']*)'"
THINGS = {
    "key": "键", "role": "角色", "purpose": "用途", "metric": "指标", "dimension": "维度", "stage": "阶段", "page": "页面", "rule": "规则", "model": "模型", "case": "用例",
    "link table": "关联表", "value": "取值", "entity": "实体", "term": "业务词",
}
_KINDS = "|".join(sorted(THINGS, key=len, reverse=True))
_HINT = re.compile(r"^(?P<said>.*?)\.? Did you mean (?P<names>[^?]+)\?$", re.DOTALL)
_PATTERNS = tuple(
    (re.compile(pattern, re.DOTALL), told)
    for pattern, told in (
        # Names
        (rf"unknown (?P<kind>{_KINDS}) {NAME}", "没有名为“{name}”的{kind}"),
        (rf"(?P<rule>\S+): unknown (?P<kind>{_KINDS}) {NAME}", "{rule}：没有名为“{name}”的{kind}"),
        (rf"there is no value of (?P<dimension>\S+) {NAME}", "维度 {dimension} 没有取值“{name}”"),
        (rf"there is no (?P<kind>{_KINDS}) {NAME}", "没有名为“{name}”的{kind}"),
        (rf"(?P<rule>\S+): (?P<dimension>\S+) has no value {NAME}", "{rule}：维度 {dimension} 没有取值“{name}”"),
        (rf"(?P<dimension>\S+) has no value {NAME}", "维度 {dimension} 没有取值“{name}”"),
        (rf"(?P<rule>\S+): (?P<link>\S+) has no entity {NAME}", "{rule}：关联表 {link} 没有实体“{name}”"),
        (rf"nobody is called {NAME}", "没有名为“{name}”的人"),
        (rf"(?P<rule>\S+): {NAME} is no attribute of the caller; write (?P<prefix>\S+)name", "{rule}：“{name}”不是提问人的属性；请写成 {prefix}属性名"),
        (rf"minimum groups are counted in persons; {NAME} is no person of the metrics", "最小组按人计数；“{name}”不是指标里的人"),
        (rf"the (?P<kind>{_KINDS}) {NAME} is (?:defined|given) twice, first at (?P<where>\S+)", "{kind}“{name}”重复，先前在 {where}"),
        (r"(?P<name>\S+) is defined twice; first at (?P<where>\S+)", "{name} 重复定义，先前在 {where}"),
        (r"(?P<name>\S+) is described twice, first at (?P<where>\S+)", "{name} 重复描述，先前在 {where}"),
        (r"(?P<name>\S+) names a purpose twice", "{name} 的用途有重复"),
        (r"no golden question in Chinese for (?P<names>.+); a draft that changes such a metric needs one", "这些指标没有中文标准问题：{names}；改动它们的草案需要补上"),
        (r"no golden question in English for (?P<names>.+); a draft that changes such a metric needs one", "这些指标没有英文标准问题：{names}；改动它们的草案需要补上"),
        # Rules that say nothing, say it twice, or contradict each other
        (r"(?P<rule>\S+) can never match: it ends on or before the day it begins", "{rule} 永不适用：截止日不晚于生效日"),
        (r"(?P<rule>\S+) can never match for (?P<role>[^\s,]+), which may state only (?P<names>.+)", "{rule} 对 {role} 永不适用：该角色只能说明用途 {names}"),
        (r"(?P<rule>\S+) can never match for (?P<role>[^\s:]+): a role without purposes gets no answers", "{rule} 对 {role} 永不适用：没有用途的角色得不到答案"),
        (r"(?P<rule>\S+) can never match: its metrics select nothing", "{rule} 永不适用：没有选中任何指标"),
        (r"(?P<rule>\S+) can never match: none of its metrics can be asked by any of its dimensions", "{rule} 永不适用：所选指标都不能按所选维度查询"),
        (r"(?P<rule>\S+) has ended and can be deleted", "{rule} 已到期，可以删除"),
        (r"(?P<rule>\S+) conflicts with (?P<names>.+), which denies everything that it allows: it never has an effect", "{rule} 与 {names} 冲突：它允许的全部被后者禁止，永不起作用"),
        (r"(?P<rule>\S+) and (?P<names>.+) conflict on (?P<some>\d+) of (?P<all>\d+) combinations; the denial holds there", "{rule} 与 {names} 在 {all} 种组合中有 {some} 种冲突；该处以禁止为准"),
        (r"(?P<rule>\S+) is shadowed by (?P<other>\S+) \((?P<where>[^)]+)\), which says the same and more", "{rule} 被 {other}（{where}）覆盖：后者所说相同而更宽"),
        (r"(?P<rule>\S+): the row predicate can never apply: the rule allows none of (?P<names>.+)", "{rule}：行限制永不适用：规则不允许 {names} 中的任何一个"),
        (r"(?P<rule>\S+): the row predicates conflict: no row has (?P<dimension>\S+) in all of them", "{rule}：行限制互相矛盾：没有一行的 {dimension} 同时符合"),
        (r"(?P<rule>\S+): a denial has no rows, no minimum group, no masks and no rights", "{rule}：禁止规则没有行限制、最小组、遮蔽和权限"),
        (r"(?P<rule>\S+): a limit only takes away; (?P<name>\S+) can't be true there", "{rule}：约束只能收紧；{name} 不能为 true"),
        (r"(?P<rule>\S+): a limit needs rows, masks, a minimum group, an obligation, or a right to take away", "{rule}：约束要写明行限制、遮蔽、最小组、义务，或要收回的权限"),
        (rf"(?P<rule>\S+): none of the metrics carries the tag {NAME}", "{rule}：没有指标带标签“{name}”"),
        (rf"(?P<rule>\S+): none of the dimensions carries the tag {NAME}", "{rule}：没有维度带标签“{name}”"),
        (r"(?P<rule>\S+) masks a dimension twice", "{rule} 对同一维度遮蔽了两次"),
        (r"(?P<rule>\S+): the mask can never apply: the rule does not speak about (?P<dimension>\S+)", "{rule}：遮蔽永不适用：规则不涉及 {dimension}"),
        (r"(?P<rule>\S+): (?P<to>\S+) is not coarser than (?P<dimension>\S+); coarser are (?P<names>.+)", "{rule}：{to} 不比 {dimension} 粗；更粗的有 {names}"),
        (r"(?P<rule>\S+): (?P<to>\S+) is not coarser than (?P<dimension>\S+); nothing is: derive a dimension from it", "{rule}：{to} 不比 {dimension} 粗；没有更粗的，请先派生一个维度"),
        (r"(?P<rule>\S+): (?P<names>.+) would tell what the mask of (?P<dimension>\S+) hides; mask it as well", "{rule}：{names} 会透露被遮蔽的 {dimension}；请一并遮蔽"),
        (r"(?P<rule>\S+): (?P<dimension>\S+) is shown by (?P<to>\S+), which no rule allows; it could not be asked at all", "{rule}：{dimension} 按 {to} 显示，而没有规则允许 {to}；等于完全不能查询"),
        (r"(?P<place>\S+|the document): a mask is either .*", "{place}：遮蔽要么写 dimension 和 to，要么写 dimension 和 hide: true"),
        (r"no rule allows (?P<role>\S+) anything, though it may state purposes", "{role} 可以说明用途，但没有规则允许它查询任何内容"),
        (r"no role may state the purpose (?P<name>\S+)", "没有角色可以说明用途 {name}"),
        (r"(?P<rule>\S+) speaks for (?P<names>.+): one department reaches through a rule that is also another's; give each its own", "{rule} 同时管 {names} 几个部门：放宽一个也就放宽了另一个；请各立规则"),
        # Red line and firewall
        (r"(?P<name>\S+) reads sales or targets and must carry the tag `(?P<tag>[^`]+)`", "红线：{name} 读取销售或目标数据，必须带标签 {tag}"),
        (r"(?P<rule>\S+): the firewall between medical and commercial: (?P<roles>.+) can't be allowed (?P<names>.+)", "{rule}：医学与商业之间的防火墙：不能允许 {roles} 查询 {names}"),
        # Form
        (r"(?P<place>\S+|the document) lacks the required key '(?P<name>[^']*)'", "{place} 缺少必填的键“{name}”"),
        (r"(?P<place>\S+|the document): Input should be a valid (?:integer|number).*", "{place}：应为数字"),
        (r"(?P<place>\S+|the document): Input should be a valid boolean.*", "{place}：应为 true 或 false"),
        (r"(?P<place>\S+|the document): Input should be a valid string.*", "{place}：应为文字"),
        (r"(?P<place>\S+|the document): Input should be a valid (?:list|tuple|array).*", "{place}：应为列表"),
        (r"(?P<place>\S+|the document): Input should be (?:a valid (?:dictionary|mapping)|an object).*", "{place}：应为键值"),
        (r"(?P<place>\S+|the document): Input should be a valid date.*", "{place}：应为日期，如 2026-12-01"),
        (r"(?P<place>\S+|the document): Input should be greater than or equal to (?P<least>\S+)", "{place}：不得小于 {least}"),
        (r"(?P<place>\S+|the document): Input should be less than or equal to (?P<most>\S+)", "{place}：不得大于 {most}"),
        (r"(?P<place>\S+|the document): Input should be greater than (?P<least>\S+)", "{place}：必须大于 {least}"),
        (r"(?P<place>\S+|the document): Input should be less than (?P<most>\S+)", "{place}：必须小于 {most}"),
        (r"(?P<place>\S+|the document): (?:String|Tuple|List|Dictionary|Value) should have at least (?P<least>\d+) .*", "{place}：至少 {least} 个（字或项）"),
        (r"(?P<place>\S+|the document): (?:String|Tuple|List|Dictionary|Value) should have at most (?P<most>\d+) .*", "{place}：最多 {most} 个（字或项）"),
        (r"(?P<place>\S+|the document): String should match pattern .*", "{place}：写法不对（标识符为小写字母、数字和下划线）"),
        (r"(?P<place>\S+|the document): Input should be (?P<names>'.*)", "{place}：只能是 {names}"),
        (r"(?P<place>\S+|the document): a row rule is either .*", "{place}：行限制要么写 dimension 和 values，要么写 link、entity、to_entity 和 keys"),
        (r"is not valid YAML: (?P<why>.+)", "不是有效的 YAML：{why}"),
        (r"the key '(?P<name>[^']*)' is given twice", "键“{name}”重复"),
        (r"must be a mapping of keys", "应为键值"),
        (r"nested too deeply", "嵌套过深"),
        (r"anchors and aliases are not used in bundles", "策略包里不用锚点和别名"),
        (r"tags such as (?P<name>\S+) are not used in bundles: a value is what it looks like", "策略包里不用类型标签（如 {name}）：值就是看到的样子"),
        (r"holds the character (?P<name>\S+), which a reviewer does not see; take it out", "含有审阅者看不见的字符 {name}，请去掉"),
        (r"merge keys \(<<\) are not used in bundles", "策略包里不用合并键（<<）"),
        (r"'(?P<name>[^']*)' is not written as a plain number; .*", "“{name}”不是普通写法的数字；请写成不带前导零、冒号和下划线的数字，或加引号"),
        (r"is not UTF-8 text", "不是 UTF-8 文本"),
        (r"is not a \.yaml file", "不是 .yaml 文件"),
        (r"is larger than (?P<most>\d+) bytes", "超过 {most} 字节"),
        (r"has more than (?P<most>\d+) files", "文件超过 {most} 个"),
        # What the committee's room can't do
        (r"a draft is named by its number; the history lists them", "草案以编号称呼，见历史"),
        (r"a bundle is named by .*", "策略包以 active、草案编号或内容哈希的开头几位称呼，见历史"),
        (r"the file is not valid YAML; mend its text first", "文件不是有效的 YAML；请先改正文本"),
        (r"the file is empty", "文件是空的"),
        (r"(?P<place>\S+) can't be a file and a folder at once", "{place} 不能既是文件又是文件夹"),
        (r"the file has nothing at (?P<place>\S+)", "文件中没有 {place}"),
        (r"(?P<place>\S+) is no single value; edit the text", "{place} 不是单个值；请直接改文本"),
        (r"(?P<place>\S+) has no fields; edit the text", "{place} 没有字段；请直接改文本"),
        (r"the draft has no file '(?P<name>[^']*)'", "草案没有文件“{name}”"),
        (r"a draft has a title of 1 to (?P<most>\d+) letters", "草案要有标题，1 到 {most} 个字"),
        (r"a temporary right holds for 1 to (?P<most>\d+) days", "临时权限的期限为 1 到 {most} 天"),
        (r"a request has a reason of 1 to (?P<most>\d+) letters", "申请要写明理由，1 到 {most} 个字"),
        (r"an access review looks back 1 to (?P<most>\d+) days", "权限复核回看 1 到 {most} 天"),
        (r"there is no access review (?P<name>\d+)", "没有编号为 {name} 的权限复核"),
        (r"there is no request (?P<name>\d+)", "没有编号为 {name} 的申请"),
        # The intent guard
        (r"there is no intent guard: .*", "没有意图护栏（guard）：可报告的药品安全线索只会得到“没有听懂”，产品用法问题不会转给有资质的人，统方只靠指标标签拦截。请添加 lexicon/guard.yaml；本行业没有这些情形的可以保留现状"),
        (r"no rule of the intent guard has the code (?P<name>\S+): .*", "意图护栏里没有代码为 {name} 的规则；请添加，本行业没有这种情形的可以保留现状"),
        (r"the guard's rule '(?P<name>[^']*)' names no contact, .*", "意图护栏规则 {name} 没有写 contact，线索无法转交"),
        # The loaded data
        (r"the warehouse has no table (?P<name>\S+)", "数据仓库没有表 {name}"),
        (r"(?P<name>\S+) has no column (?P<column>[^\s,]+), needed for (?P<why>.+)", "{name} 没有列 {column}（{why} 需要）"),
        (r"is missing; every bundle has one.*", "缺少；每个策略包都要有"),
    )
)


def in_chinese(message: str) -> str:
    """Return a problem's message in Chinese, with its “did you mean”; the message itself where its wording is not known."""
    hinted = _HINT.match(message)
    said = (hinted["said"] if hinted else message).rstrip(".")
    for pattern, told in _PATTERNS:
        found = pattern.fullmatch(said)
        if found is not None:
            parts = found.groupdict()
            if "kind" in parts:
                parts["kind"] = THINGS[parts["kind"]]
            if parts.get("place") == "the document":
                parts["place"] = "文件"
            if "names" in parts:
                parts["names"] = re.sub(r"(?:, | and | or )", "、", parts["names"])
            sentence = told.format(**parts)
            return f"{sentence}。是否指：{'、'.join(hinted['names'].split(', '))}？" if hinted else f"{sentence}。"
    return message
