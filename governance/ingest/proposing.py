"""Proposing a mapping for a file that nobody has described: what its columns hold says which keys and fields they can be. A steward confirms it.

Nothing proposed loads by itself: it is a draft document for the bundle, with what is still lacking said in its first lines.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from governance.identity.written import fold

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from governance.documents.extracts import Mapping as ExtractMapping
    from governance.documents.warehouse import TableKind, WarehouseSchema

_NEARLY_ALL = 0.95
_IDENTIFIERS = {"mobile": "mobile", "email": "email", "license": "license", "wechat_id": "unionid", "name": "name", "system_id": "crm_id"}
_EMPLOYEE = re.compile(r"代表|员工|工号|rep|employee|staff|sales", re.IGNORECASE)
_THINGS = {"hospital": re.compile(r"医院|单位|机构|hospital|hco|account", re.IGNORECASE), "content": re.compile(r"文章|素材|内容|content|article|material", re.IGNORECASE)}
_ABOUT = {
    "hospital": re.compile(r"^(?:hospitals?|yi_yuan|hco|institutions?)(?:_|$)|_hospitals?$"),
    "content": re.compile(r"^(?:contents?|articles?|materials?|wen_zhang|su_cai|nei_rong)(?:_|$)|_(?:contents?|articles?|materials?)$"),
}
"""Extracts that list things, by their name; their own `name` and `code` are the things'."""
_ABOUT_STAFF = re.compile(r"^(?:reps?|representatives?|employees?|staff|dai_biao|yuan_gong)(?:_|$)|_(?:reps?|representatives?|employees?|staff)$")
_OWN_NAME = re.compile(r"^(?:name|名称|title|标题)$", re.IGNORECASE)
_OWN_CODE = re.compile(r"^(?:code|id|编码|编号|代码)$", re.IGNORECASE)
_CODE = re.compile(r"编码|编号|代码|code|(?:^|_)id$|_no$|号$", re.IGNORECASE)
_OTHER_PLACE = re.compile(r"电话|地址|等级|级别|level|phone|address|别名|城市|省", re.IGNORECASE)
_CONSTANT_CHANNELS = (
    ("微信", r"微信|weixin|wechat|wx"), ("线上会议", r"webinar|线上会议|直播|wang_luo"), ("学术会议", r"congress|学术|conference|hui_yi|会议"),
    ("邮件", r"mail|邮件|you_jian"), ("呼叫中心", r"call|呼叫|hu_jiao|dian_hua"), ("线上拜访", r"remote|远程"), ("面对面拜访", r"visit|拜访|bai_fang|f2f"),
)  # fmt: skip

_FIELDS: dict[str, str] = {
    "specialty": r"科室|专科|department|dept|specialty", "title": r"职称|^title$|级别名", "segment": r"分型|分级|segment|tier$", "potential": r"潜力|potential",
    "is_target": r"目标医生|是否目标|is_?target", "region": r"大区|区域|^region$", "province": r"省", "city": r"城市|^city$", "city_tier": r"城市等级|city_?tier",
    "hospital_name": r"医院名|^name$|^hospital$|医院$", "hospital_level": r"医院等级|等级|级别|level", "team": r"团队|team", "territory": r"辖区|territory",
    "product": r"产品|品种|product|brand", "campaign": r"活动|campaign", "channel": r"渠道|channel|类型|visit_?type", "content_type": r"形式|类型|type", "topic": r"主题|topic",
    "objective": r"目的|objective", "duration_s": r"时长|停留|duration|seconds|minutes|talk", "delivered": r"状态|送达|到会|签到|status|delivered|result", "opened": r"打开|阅读|open|read$",
    "clicked": r"点击|click", "score": r"评分|得分|score|rating", "nps": r"nps|推荐值|推荐意愿", "experiment": r"实验|experiment", "variant": r"组别|分组|variant|arm",
    "purpose": r"目的|purpose", "units": r"数量|盒|units|qty", "revenue_cny": r"金额|销售额|revenue|amount|sales", "target_revenue_cny": r"指标|target", "planned_touches": r"计划|planned",
    "spend_cny": r"费用|花费|spend|cost|amount",
}  # fmt: skip
_TIMES = {
    "valid_from": r"开始|起|start|from", "valid_to": r"结束|止|end|to$", "granted_at": r"授权|同意|grant|consent", "withdrawn_at": r"撤回|withdraw|revok",
    "converted_at": r"转化|convert", "assigned_at": r"分配|入组|assign", "answered_at": r"提交|回复|答|submit|answer", "month": r"月|month",
    "occurred_at": r"时间|日期|time|date|_at$|_on$|ts$|_ms$|when|sent",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A draft mapping: its document, the table it would fill (None: none fits) and what a steward has still to say."""

    extract: str
    file: str
    table: str | None
    document: Mapping[str, Any]
    lacking: tuple[str, ...]

    def text(self) -> str:
        """The YAML file, with what is lacking in its first lines."""
        lines = [f"# Proposed from {self.file}. Read every line before you make it part of the bundle."]
        lines += [f"# lacking: {line}" for line in self.lacking]
        return "\n".join(lines) + "\n" + yaml.safe_dump(dict(self.document), allow_unicode=True, sort_keys=False, width=140)


def propose(mapping: ExtractMapping, profiles: Sequence[Mapping[str, Any]], rows: int, schema: WarehouseSchema) -> Proposal:
    """Propose a mapping for one unknown extract from the profiles of its columns."""
    keys, used = _keys(mapping.extract, profiles, schema)
    best = max((_fit(name, kind, mapping.extract, profiles, keys, used, rows) for name, kind in schema.tables.items()), key=lambda fit: fit.worth, default=None)
    table = best.table if best is not None and best.worth > 0 else None
    fields = best.fields if best is not None and table is not None else {}
    taken = used | {str(value["column"] if "column" in value else value["id"]) for value in fields.values() if "column" in value or "id" in value}
    document: dict[str, Any] = {"format": 1, "extract": mapping.extract, "files": mapping.files[0], "required": False}
    how = {"encodings": list(mapping.read.encodings), "delimiter": mapping.read.delimiter}
    if how != {"encodings": ["utf-8", "gb18030"], "delimiter": ","}:
        document["read"] = how
    if keys:
        document["keys"] = keys
    person = next((column for column in keys if schema.entities[_entity(schema, column)].kind == "person"), None)
    if person is not None and table is not None and schema.tables[table].register_of is None:
        traits = {trait: column for trait in schema.entities[_entity(schema, person)].traits if (column := _column(trait, profiles, taken)) is not None}
        if traits:
            document["traits"] = traits
            taken |= set(traits.values())
    lacking = list(best.lacking) if best is not None and table is not None else ["a table that these rows belong to; say it under load"]
    document["load"] = [{"table": table or "fct_touch", "fields": fields}]
    ignored = {item["column"]: _why(item) for item in profiles if item["column"] not in taken}
    if ignored:
        document["ignore"] = ignored
    return Proposal(extract=mapping.extract, file=mapping.files[0], table=table, document=document, lacking=tuple(lacking))


def _why(item: Mapping[str, Any]) -> str:
    return "not needed" if item["category"] == "none" else f"{item['category']}, {item['level']}: {item['handling']}"


def _entity(schema: WarehouseSchema, column: str) -> str:
    return next(c.of for t in schema.tables.values() for name, c in t.columns.items() if name == column and c.of)


def _keys(extract: str, profiles: Sequence[Mapping[str, Any]], schema: WarehouseSchema) -> tuple[dict[str, dict[str, str]], set[str]]:
    """Key columns with the columns that identify them: persons by their categories, things by their headers."""
    columns = {entity: _key_column(schema, entity) for entity in schema.entities}
    doctors = next((entity for entity, kind in schema.entities.items() if kind.kind == "person" and kind.place), None)
    staff = next((entity for entity, kind in schema.entities.items() if kind.kind == "person" and not kind.place), None)
    keys: dict[str, dict[str, str]] = {}
    used: set[str] = set()
    about = next((entity for entity, expression in _ABOUT.items() if entity in columns and expression.search(extract)), None)
    for item in profiles:
        header, category = str(item["column"]), str(item["category"])
        target: str | None = None
        kind = _IDENTIFIERS.get(category)
        own = "name" if _OWN_NAME.search(header) else "code" if _OWN_CODE.search(header) else None
        if about is not None and own is not None:
            target, kind = columns[about], own
        elif kind is not None and staff is not None and (_EMPLOYEE.search(header) or _ABOUT_STAFF.search(extract)):
            target, kind = columns[staff], "employee" if category == "system_id" else kind
        elif kind is not None and doctors is not None:
            target = columns[doctors]
        else:
            for entity, expression in _THINGS.items():
                if entity in columns and expression.search(fold(header)) and not _OTHER_PLACE.search(header) and item["type"] != "long text":
                    target, kind = columns[entity], "code" if _CODE.search(header) else "name"
        if target is not None and kind is not None and kind not in keys.setdefault(target, {}):
            keys[target][kind] = header
            used.add(header)
    # A name or a title of a content tells nobody which one it is.
    return {column: identifiers for column, identifiers in keys.items() if identifiers}, used


def _key_column(schema: WarehouseSchema, entity: str) -> str:
    return next((name for table in schema.tables.values() for name, column in table.columns.items() if column.of == entity), f"{entity}_key")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fit:
    table: str
    fields: dict[str, dict[str, str]]
    lacking: tuple[str, ...]
    worth: float


def _fit(
    name: str, kind: TableKind, extract: str, profiles: Sequence[Mapping[str, Any]], keys: Mapping[str, Mapping[str, str]], used: set[str], rows: int
) -> _Fit:
    """How well the rows fit a table: required columns that are there count for it, those that lack and keys it can't hold against it."""
    fields: dict[str, dict[str, str]] = {}
    lacking: list[str] = []
    taken = set(used)
    worth = 1.0 if name.split("_", 1)[-1] in extract else 0.0
    for column, spec in kind.columns.items():
        if spec.type == "key":
            worth += 2 if column in keys else -4 if spec.required else 0
            if spec.required and column not in keys:
                lacking.append(f"what identifies {column}")
            continue
        source = _source(column, spec.type, extract, profiles, taken, rows) or _own_name(column, kind, keys)
        if source is not None:
            fields[column] = source
            taken |= set(source.values()) if "constant" not in source else set()
            worth += 1.5 if spec.required else 0.5
        elif spec.required:
            lacking.append(f"{column}, which is required")
            worth -= 2
    worth -= 3 * sum(column not in kind.columns for column in keys)
    if kind.register_of is not None:
        key = next((column for column, spec in kind.columns.items() if spec.of == kind.register_of), "")
        listed = max((item["different"] for item in profiles if item["column"] in keys.get(key, {}).values()), default=0)
        worth += 3 if rows and listed >= _NEARLY_ALL * rows and len(keys.get(key, {})) > 1 else -6
    return _Fit(table=name, fields=fields, lacking=tuple(lacking), worth=worth)


def _own_name(column: str, kind: TableKind, keys: Mapping[str, Mapping[str, str]]) -> dict[str, str] | None:
    """The name of a thing that the table lists is told as well as used to find it; a person's never."""
    key = next((name for name, spec in kind.columns.items() if spec.of == kind.register_of and kind.register_of), "")
    named = keys.get(key, {})
    return {"column": named["name"]} if "name" in named and column == key.removesuffix("_key") + "_name" and not set(named) & _PERSONAL else None


_PERSONAL = frozenset({"crm_id", "mobile", "email", "license", "unionid", "employee"})


def _source(column: str, kind: str, extract: str, profiles: Sequence[Mapping[str, Any]], taken: set[str], rows: int) -> dict[str, str] | None:
    if kind == "id":
        own = next((item for item in profiles if item["column"] not in taken and rows and item["different"] >= _NEARLY_ALL * rows and _CODE.search(str(item["column"]))), None)
        return {"id": str(own["column"])} if own is not None else None
    if kind in {"time", "date", "month"}:
        found = next((item for item in _free(profiles, taken) if item["type"] in {"date", "whole number"} and re.search(_TIMES.get(column, r"$^"), str(item["column"]), re.IGNORECASE)), None)
        return {"column": str(found["column"])} if found is not None else None
    header = _column(column, profiles, taken)
    if header is not None:
        return {"column": header}
    if column == "channel":
        return next(({"constant": channel} for channel, expression in _CONSTANT_CHANNELS if re.search(expression, extract)), None)
    return None


def _free(profiles: Sequence[Mapping[str, Any]], taken: set[str]) -> Iterator[Mapping[str, Any]]:
    return (item for item in profiles if item["column"] not in taken)


def _column(field: str, profiles: Sequence[Mapping[str, Any]], taken: set[str]) -> str | None:
    """The column whose header says that it is this field, and which holds nothing personal."""
    expression = _FIELDS.get(field, rf"^{re.escape(field)}$")
    return next(
        (str(item["column"]) for item in _free(profiles, taken) if item["category"] == "none" and item["type"] != "empty" and re.search(expression, fold(str(item["column"])), re.IGNORECASE)),
        None,
    )
