"""The committee's words in Chinese and English: names of kinds and fields, changes of a field, and what a comparison found."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from governance.access.comparing import Change, Shift
from governance.terms import Text

KINDS: Mapping[str, Text] = {
    "rule": Text(zh="规则", en="rule"),
    "role": Text(zh="角色", en="role"),
    "purpose": Text(zh="目的", en="purpose"),
    "metric": Text(zh="指标", en="metric"),
    "dimension": Text(zh="维度", en="dimension"),
    "model": Text(zh="数据表", en="table"),
    "person": Text(zh="用例人物", en="case person"),
    "case": Text(zh="用例", en="case"),
    "settings": Text(zh="设置", en="settings"),
    "lexicon": Text(zh="词汇", en="words"),
    "extracts": Text(zh="抽取映射", en="extract mapping"),
    "warehouse": Text(zh="仓库结构", en="warehouse schema"),
    "disclosure": Text(zh="披露保护", en="disclosure protection"),
    "file": Text(zh="文件", en="file"),
}

FIELDS: Mapping[str, Text] = {
    "roles": Text(zh="角色", en="roles"),
    "effect": Text(zh="效力", en="effect"),
    "purposes": Text(zh="目的", en="purposes"),
    "metrics": Text(zh="指标范围", en="metrics"),
    "dimensions": Text(zh="维度范围", en="dimensions"),
    "metric_alone": Text(zh="可不分组", en="without a dimension"),
    "rows": Text(zh="行范围", en="rows"),
    "minimum_group": Text(zh="最小组", en="minimum group"),
    "effective_from": Text(zh="生效日", en="effective from"),
    "effective_until": Text(zh="截止日", en="effective until"),
    "reason": Text(zh="理由", en="reason"),
    "golden": Text(zh="标准问题", en="golden questions"),
    "obligation": Text(zh="义务", en="obligation"),
    "source": Text(zh="依据", en="source"),
    "label": Text(zh="名称", en="label"),
    "department": Text(zh="部门", en="department"),
    "pages": Text(zh="页面", en="pages"),
    "model_egress": Text(zh="可送语言模型", en="may go to the language model"),
    "export": Text(zh="可导出", en="may be exported"),
    "masks": Text(zh="取值遮蔽", en="masked values"),
    "ask_instead": Text(zh="可联系", en="whom to ask"),
    "break_glass_hours": Text(zh="应急权限时长（小时）", en="hours of an emergency right"),
    "max_rows": Text(zh="最多行数", en="most rows"),
    "timeout_s": Text(zh="最长秒数", en="most seconds"),
    "definition": Text(zh="口径", en="definition"),
    "synonyms": Text(zh="别名", en="synonyms"),
    "tags": Text(zh="标签", en="tags"),
    "sensitivity": Text(zh="敏感度", en="sensitivity"),
    "version": Text(zh="版本", en="version"),
    "expect": Text(zh="预期", en="expectation"),
    "asks": Text(zh="问题", en="question"),
    "title": Text(zh="标题", en="title"),
    "contacts": Text(zh="联系人", en="contacts"),
}

CHANGES: Mapping[Change, Text] = {
    "gains": Text(zh="新增可问", en="may newly ask"),
    "loses": Text(zh="不再可问", en="may no longer ask"),
    "wider_rows": Text(zh="行范围变宽", en="sees more rows of"),
    "narrower_rows": Text(zh="行范围变窄", en="sees fewer rows of"),
    "other_rows": Text(zh="行范围改变", en="sees other rows of"),
    "smaller_group": Text(zh="最小组变小", en="sees smaller groups of"),
    "larger_group": Text(zh="最小组变大", en="sees only larger groups of"),
    "other_group": Text(zh="最小组按其他人群计算", en="has groups counted in other persons for"),
    "lighter_mask": Text(zh="看到更细的取值", en="sees finer values of"),
    "heavier_mask": Text(zh="只看到更粗的取值", en="sees only coarser values of"),
    "other_mask": Text(zh="取值的遮蔽改变", en="sees values masked in another way of"),
    "may_export": Text(zh="可导出", en="may export"),
    "no_export": Text(zh="不可再导出", en="may no longer export"),
    "to_model": Text(zh="可送语言模型", en="may send to the language model"),
    "not_to_model": Text(zh="不可再送语言模型", en="may no longer send to the language model"),
}

LONGEST = 200


def kind_label(what: str) -> Text:
    """Return what a kind of object is called."""
    return KINDS.get(what, Text(zh=what, en=what))


def field_change(field: str, was: Any, now: Any) -> Text:
    """Return one field's change, before and after."""
    label = FIELDS.get(field, Text(zh=field, en=field))
    if field == "minimum_group" and isinstance(was, dict) and isinstance(now, dict) and was.get("entity") == now.get("entity"):
        return Text(zh=f"{label.zh}：{was.get('k')} → {now.get('k')}", en=f"{label.en}: {was.get('k')} → {now.get('k')}")
    if isinstance(was, dict) and isinstance(now, dict) and not {"zh", "en"} & {*was, *now}:
        was, now = ({key: value for key, value in mine.items() if key not in other or value != other[key]} for mine, other in ((was, now), (now, was)))
    if field == "golden":
        was, now = ([_question(item, other) for item in mine or () if item not in (other or ())] for mine, other in ((was, now), (now, was)))
    old, new = _said(was), _said(now)
    return Text(zh=f"{label.zh}：{old['zh']} → {new['zh']}", en=f"{label.en}: {old['en']} → {new['en']}")


def _question(item: Mapping[str, Any], other: Sequence[Mapping[str, Any]] | None) -> str:
    """Return a golden question's words, with its query where only that changed."""
    same = any(mine["ask"] == item["ask"] for mine in other or ())
    return f"“{item['ask']}” {_plainly(item['query'])}" if same else f"“{item['ask']}”"


def _said(value: Any) -> dict[str, str]:
    if value is None or value in ([], {}):
        return {"zh": "（无）", "en": "(none)"}
    if isinstance(value, dict) and set(value) == {"zh", "en"}:
        return {"zh": str(value["zh"]), "en": str(value["en"])}
    text = value if isinstance(value, str) else _plainly(value)
    text = text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
    return {"zh": text, "en": text}


def _plainly(value: Any) -> str:
    """Return a value without the signs of its notation, where it is simple enough."""
    if isinstance(value, dict) and not any(isinstance(item, (dict, list)) for item in value.values()):
        return ", ".join(f"{key} {json.dumps(item, ensure_ascii=False)}" for key, item in value.items())
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ", ".join(value)
    return json.dumps(value, ensure_ascii=False)


def shift_words(found: Sequence[Shift], roles: Mapping[str, Text] = MappingProxyType({}), labels: Mapping[str, Text] = MappingProxyType({})) -> list[Text]:
    """Tell shifts by role and kind of change, with the metrics that they concern. `roles` and `labels` (of metrics) say how those are called."""
    counted: Counter[tuple[str, Change]] = Counter((item.role, item.change) for item in found)
    told = []
    for (role, change), number in counted.items():
        mine = [item for item in found if (item.role, item.change) == (role, change)]
        metrics = list(dict.fromkeys(item.metric for item in mine))
        called = [labels.get(name, Text(zh=name, en=name)) for name in metrics[:5]]
        who = roles.get(role, Text(zh=role, en=role))
        more = len(metrics) - 5
        zh_more, en_more = (f"等 {len(metrics)} 个指标", f" and {more} more metrics") if more > 0 else ("", "")
        groups = {(item.before.k, item.after.k) for item in mine if item.before and item.after} if "group" in change else set()
        values = "、".join(f"{was} → {now}" for was, now in sorted(groups))
        zh_values, en_values = (f"（{values}）", f" ({values})") if values else ("", "")
        label = CHANGES[change]
        told.append(
            Text(
                zh=f"{who.zh}：{label.zh}{zh_values} {'、'.join(item.zh for item in called)}{zh_more}，共 {number} 种组合",
                en=f"{who.en} {label.en}{en_values} {', '.join(item.en for item in called)}{en_more}: {number} combinations",
            )
        )
    return told
