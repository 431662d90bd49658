"""Hand-made documents and tables for the tests of answers; an invented shop's and clinic's words, nothing of the demo bundle."""

from dataclasses import dataclass, replace
from datetime import date
from types import MappingProxyType

from governance.documents.metrics import Dimension, Metric
from governance.terms import (
    Actor,
    Column,
    Disclosed,
    Grant,
    HiddenCell,
    MetricQuery,
    MinimumGroup,
    Note,
    Period,
    Text,
)

TODAY = date(2026, 11, 15)
OCTOBER = Period(start=date(2026, 10, 1), end=date(2026, 11, 1))
SEPTEMBER = Period(start=date(2026, 9, 1), end=date(2026, 10, 1))
YEAR = Period(start=date(2025, 11, 1), end=date(2026, 11, 1))
REGIONS = {"华东": "East", "华北": "North", "华南": "South", "华中": "Central", "西南": "Southwest", "西北": "Northwest", "东北": "Northeast"}
CHANNELS = {"面对面拜访": "Face-to-face", "微信": "WeChat", "线上会议": "Webinar", "邮件": "E-mail"}
TIERS = {"A": "A", "B": "B", "C": "C"}


@dataclass(frozen=True)
class Names:
    metrics: MappingProxyType[str, Metric]
    dimensions: MappingProxyType[str, Dimension]

    def groupable_by(self, metric: str) -> tuple[str, ...]:
        return tuple(self.metrics[metric].dimensions or self.dimensions)

    def persons_behind(self, metric: str) -> str | None:
        return None if metric == "revenue" else "hcp"

    def values(self, dimension: str) -> tuple[object, ...]:
        return tuple(v.value for v in self.dimensions[dimension].values)


def _metric(id_: str, zh: str, en: str, **more: object) -> Metric:
    base = {
        "id": id_, "stage": "reach", "label": {"zh": zh, "en": en}, "definition": {"zh": f"{zh}的定义", "en": f"definition of {en}"},
        "kind": "simple", "owner": "市场部", "approver": "治理委员会", "approved_on": "2026-06-12", "version": "3", "effective_from": "2026-07-01",
    }
    return Metric.model_validate(base | more)


def _dimension(id_: str, zh: str, en: str, values: dict[str, str], **more: object) -> Dimension:
    listed = [{"value": value, "label": {"zh": value, "en": english}} for value, english in values.items()]
    return Dimension.model_validate({"id": id_, "label": {"zh": zh, "en": en}, "values": listed} | more)


NAMES = Names(
    metrics=MappingProxyType({
        m.id: m
        for m in (
            _metric("reach_rate", "触达率", "Reach rate", kind="ratio", format="percent"),
            _metric("reached", "触达医生数", "Doctors reached", kind="distinct", format="integer", unit={"zh": "人", "en": "doctors"}),
            _metric("revenue", "销售额", "Revenue", format="currency", unit={"zh": "元", "en": "CNY"}, measure={"model": "sales", "agg": "sum", "column": "amount"}),
            _metric("roi", "投入产出比", "Return on spend", kind="ratio", format="decimal", caveat={"zh": "非增量", "en": "not incremental"}),
            _metric("nps", "净推荐值", "NPS", kind="ratio", format="points", sensitivity="sensitive"),
            _metric("cost", "单次成本", "Cost per touch", kind="ratio", format="currency", unit={"zh": "元", "en": "CNY"}, direction="lower_is_better"),
            _metric("effect", "转化率", "Conversion rate", kind="experiment", format="percent"),
            _metric("lift", "实验提升", "Experiment lift", kind="experiment", format="percent", parameters={"rule": "lift"}),
            _metric("targets", "目标医生数", "Target doctors", kind="distinct", measure={"model": "hcp", "agg": "members", "entity": "hcp"}, grain=False),
        )
    }),
    dimensions=MappingProxyType({
        d.id: d
        for d in (
            _dimension("region", "大区", "Region", REGIONS),
            _dimension("channel", "渠道", "Channel", CHANNELS),
            _dimension("experiment", "实验", "Experiment", {}, open=True),
            _dimension("segment", "客户分型", "Segment", TIERS),
            _dimension("is_target", "目标医生", "Target doctor", {"是": "Yes", "否": "No"}, type="boolean"),
            _dimension("hcp", "医生", "Doctor", {}, identifies="hcp", tags=["person"], open=True),
            _dimension("hospital", "医院", "Hospital", {}, open=True),
        )
    }),
)  # fmt: skip

_KIND = {"period": "period", **dict.fromkeys(NAMES.dimensions, "dimension")}


def column(name: str, **more: object) -> Column:
    """A column as the gateway would give it, by its name alone."""
    kind = _KIND.get(name, "metric")
    metric = name.partition("__")[0] if kind == "metric" else None
    document = NAMES.metrics[metric] if metric else NAMES.dimensions.get(name)
    label = document.label.text() if document else Text(zh="时间", en="Period")
    return replace(Column(name=name, label=label, kind=kind, metric=metric), **more)


def table(columns: list[str], rows: list[tuple[object, ...]], **more: object) -> Disclosed:
    hidden = tuple(HiddenCell(row=r, column=c, reason=why) for r, c, why in more.pop("hidden", ()))
    protected = more.pop("protection", "exact")
    made = tuple(column(c, protection=protected) if _KIND.get(c, "metric") == "metric" else column(c) for c in columns)
    base = {
        "columns": made, "rows": tuple(rows), "hidden": hidden, "period": OCTOBER, "base_period": None,
        "notes": (), "minimum_group": MinimumGroup(entity="hcp", k=10), "total_groups": len(rows),
    }
    return Disclosed(**(base | more))


def grant(query: MetricQuery, **more: object) -> Grant:
    base = {
        "actor": Actor(id="market", role="marketing", department="marketing"), "purpose": "market_analysis", "query": query, "today": TODAY,
        "scopes": (), "minimum_group": MinimumGroup(entity="hcp", k=10), "consent_purpose": "market_analysis", "rules": ("marketing.metrics",),
        "obligations": (), "policy_version": "b1",
    }
    return Grant(**(base | more))


def note(code: str, zh: str, en: str) -> Note:
    return Note(code=code, text=Text(zh=zh, en=en))
