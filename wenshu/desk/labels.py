"""What ids in the ledger are called: the labels of the bundle in force, and the product's own words for refusal codes, entries and built-in rules."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

from governance.bundle.loading import Bundle
from governance.documents.access import AccessDocument
from governance.documents.lexicon import LexiconDocument
from governance.documents.metrics import MetricsDocument
from governance.terms import Text

Table = Mapping[str, Text]

CODES: Table = MappingProxyType(
    {
        "metric_not_allowed": Text(zh="指标不可查", en="metric not allowed"),
        "dimension_not_allowed": Text(zh="维度不可查", en="dimension not allowed"),
        "row_scope": Text(zh="超出数据范围", en="outside the own scope"),
        "purpose_not_allowed": Text(zh="目的不被允许", en="purpose not allowed"),
        "group_too_small": Text(zh="人数太少", en="group too small"),
        "differencing": Text(zh="差分试探", en="differencing"),
        "budget_exhausted": Text(zh="可告知的数已满额", en="no more can be told"),
        "prescription_by_doctor": Text(zh="统方红线", en="prescriptions by doctor"),
        "individual_level": Text(zh="追问个人", en="about single persons"),
        "identity_in_question": Text(zh="问题含身份", en="identity in the question"),
        "adverse_event": Text(zh="不良反应", en="adverse event"),
        "off_label": Text(zh="超说明书用药", en="off-label use"),
        "not_understood": Text(zh="未理解", en="not understood"),
        "invalid_query": Text(zh="查询无效", en="invalid query"),
        "unsound_query": Text(zh="查询不成立", en="query without meaning"),
        "InvalidQuery": Text(zh="查询无效", en="invalid query"),
        "UnsoundQuery": Text(zh="查询不成立", en="query without meaning"),
        "DimensionNotAllowed": Text(zh="维度不可查", en="dimension not allowed"),
        "audit_unavailable": Text(zh="账本不可写", en="ledger not writable"),
        "not_authenticated": Text(zh="未登录", en="not signed in"),
        "warehouse": Text(zh="数据仓未作答", en="warehouse gave no answer"),
        "WarehouseError": Text(zh="数据仓出错", en="warehouse failed"),
        "WarehouseTimeout": Text(zh="数据仓超时", en="warehouse took too long"),
    }
)
"""Why a question was refused or failed, in a few words."""

OUTCOMES: Table = MappingProxyType({"answered": Text(zh="已回答", en="answered"), "refused": Text(zh="已拒绝", en="refused"), "failed": Text(zh="失败", en="failed")})
"""How a question ended."""

DECISIONS: Table = MappingProxyType({"allow": Text(zh="允许", en="allowed"), "refuse": Text(zh="拒绝", en="refused"), "deny": Text(zh="拒绝", en="refused")})
"""What was decided before the warehouse was asked."""

TYPES: Table = MappingProxyType(
    {
        "genesis": Text(zh="账本启用", en="ledger begun"),
        "home.initialised": Text(zh="系统初始化", en="system set up"),
        "intent": Text(zh="收到提问", en="question received"),
        "outcome": Text(zh="提问结束", en="question ended"),
        "question": Text(zh="未成查询的提问", en="question without a query"),
        "session": Text(zh="登录", en="sign-in"),
        "ledger.read": Text(zh="查阅账本", en="ledger read"),
        "ledger.denied": Text(zh="查阅账本被拒", en="ledger not shown"),
        "ledger.exported": Text(zh="导出账本", en="ledger exported"),
        "ledger.pack": Text(zh="制作证据包", en="evidence pack made"),
        "review.signed": Text(zh="签阅", en="signed off"),
        "identity.requested": Text(zh="申请再识别", en="re-identification asked"),
        "identity.approved": Text(zh="再识别已批准", en="re-identification approved"),
        "identity.denied": Text(zh="再识别未批准", en="re-identification turned down"),
        "identity.revealed": Text(zh="身份已查看", en="identity shown"),
        "identity.refused": Text(zh="再识别被拒", en="re-identification refused"),
        "account.added": Text(zh="新增账号", en="account added"),
        "account.password_reset": Text(zh="重置密码", en="password reset"),
        "account.token": Text(zh="签发令牌", en="token issued"),
        "incident.opened": Text(zh="登记事件", en="incident opened"),
        "assessment.signed": Text(zh="影响评估已签署", en="impact assessment signed"),
        "finding.resolved": Text(zh="发现已处理", en="finding resolved"),
    }
)
"""What kind of event it is; others are called by their own name."""

SURFACES: Table = MappingProxyType(
    {
        "web": Text(zh="网页", en="web pages"),
        "api": Text(zh="接口", en="API"),
        "cli": Text(zh="命令行", en="command line"),
        "demo": Text(zh="演示数据", en="demo"),
        "evaluation": Text(zh="评测", en="evaluation"),
    }
)
"""Where a question came in."""

BUILT_IN_RULES: Table = MappingProxyType(
    {
        "red_line_prescribing": Text(zh="统方红线", en="Red line: prescribing"),
        "redline.prescribing": Text(zh="统方红线（演示）", en="Red line: prescribing (demo)"),
        "aggregates_only": Text(zh="只答汇总，不答个人", en="Aggregates only, no single persons"),
        "purposes_of_role": Text(zh="目的须为角色所有", en="Only the purposes of the role"),
        "metric_retired": Text(zh="指标已停用", en="Metric retired"),
        "metric_definition": Text(zh="须合指标定义", en="As the metric is defined"),
        "row_scope": Text(zh="限于本人数据范围", en="Within the own scope"),
        "answers_together": Text(zh="多次答案合看不得指向个人", en="Answers together must single nobody out"),
        "minimum_group": Text(zh="最小组", en="Smallest group"),
        "lift": Text(zh="提升须可比", en="Lift needs a fair comparison"),
        "exposed": Text(zh="须有触达", en="Exposure needed"),
        "two_persons": Text(zh="须两人经手", en="Two persons needed"),
        "shown_to_requester": Text(zh="只给申请人看", en="Shown to the requester only"),
        "single_use": Text(zh="只可查看一次", en="Shown once only"),
        "requests_expire": Text(zh="申请会过期", en="Requests expire"),
        "reidentification.requesters": Text(zh="谁可申请再识别", en="Who may ask for re-identification"),
        "reidentification.approvers": Text(zh="谁可批准再识别", en="Who may approve re-identification"),
        "language.prescribing_by_person": Text(zh="语言识别：按人问处方", en="Wording: prescriptions by person"),
        "language.identity": Text(zh="语言识别：身份", en="Wording: identity"),
        "language.individual": Text(zh="语言识别：个人", en="Wording: single persons"),
    }
)
"""Rules that every installation has, whatever its bundle."""

CLASSES: Table = MappingProxyType(
    {
        "sensitive": Text(zh="敏感", en="sensitive"),
        "prescribing": Text(zh="处方", en="prescribing"),
        "employee": Text(zh="员工", en="own staff"),
        "person": Text(zh="个人", en="persons"),
        "consent": Text(zh="同意", en="consent"),
        "ledger": Text(zh="账本", en="ledger"),
        "name": Text(zh="姓名", en="name"),
        "mobile": Text(zh="手机号", en="mobile number"),
        "email": Text(zh="电子邮箱", en="e-mail address"),
        "license": Text(zh="执业证书编码", en="practice licence number"),
        "unionid": Text(zh="微信 UnionID", en="WeChat UnionID"),
        "crm_id": Text(zh="CRM 编号", en="CRM number"),
        "code": Text(zh="业务编码", en="business code"),
        "pseudonym": Text(zh="假名", en="pseudonym"),
    }
)
"""Marks of metrics and kinds of identifiers that the product itself knows."""

DEPARTMENTS: Table = MappingProxyType({"sales": Text(zh="销售部", en="Sales"), "it": Text(zh="信息技术部", en="IT")})
"""Departments that several roles share and whose name is plain."""


class Labels:
    """What the ids of each filter are called under the bundle in force. Made anew when the bundle changes; safe for threads."""

    def __init__(self, bundle: Callable[[], Bundle]) -> None:
        self._bundle = bundle
        self._kept: tuple[str, Mapping[str, Table]] | None = None

    def tables(self) -> Mapping[str, Table]:
        """By filter name (`purpose`, `metric`, `rule`, …) the known ids with their labels."""
        bundle, kept = self._bundle(), self._kept
        if kept is None or kept[0] != bundle.version:
            self._kept = kept = (bundle.version, _read(bundle))
        return kept[1]

    def text(self, name: str, value: str) -> Text:
        """What an id of the filter is called, or several ids of rules that decided together; one that has no label is called by itself."""
        found = self.tables().get(name, {}).get(value)
        if found is None and name == "rule" and "," in value:
            return self.listed(name, value.split(","))
        return found or Text(zh=value, en=value)

    def listed(self, name: str, values: Iterable[str]) -> Text:
        """Several labels as one list."""
        texts = [self.text(name, value) for value in values]
        return Text(zh="、".join(text.zh for text in texts), en=", ".join(text.en for text in texts))

    def resolve(self, name: str, typed: str) -> str:
        """Return the ids meant by what was typed: ids stay, labels of either language become their ids (several where several are called so)."""
        table = self.tables().get(name)
        if not table or not typed:
            return typed
        whole = _named(table, typed)
        return ",".join(whole or [found for part in typed.split(",") for found in (_named(table, part.strip()) or [part.strip()])])


def _named(table: Table, typed: str) -> list[str]:
    if typed in table:
        return [typed]
    wanted = typed.casefold()
    return [value for value, text in table.items() if wanted in (text.zh.casefold(), text.en.casefold())]


def _read(bundle: Bundle) -> Mapping[str, Table]:
    access = [read.document for read in bundle.of("access", AccessDocument)]
    metrics = [read.document for read in bundle.of("metrics", MetricsDocument)]
    guards = [rule for read in bundle.of("lexicon", LexiconDocument) for rule in read.document.guard]
    roles = {role.id: role for document in access for role in document.roles}
    shared: dict[str, list[Text]] = {}
    for role in roles.values():
        shared.setdefault(role.department, []).append(role.label.text())
    departments = {name: DEPARTMENTS.get(name) or Text(zh="／".join(t.zh for t in labels), en=" / ".join(t.en for t in labels)) for name, labels in shared.items()}
    persons = {item.identifies: item.label.text() for document in metrics for item in document.dimensions if item.identifies}
    return {
        "department": {**DEPARTMENTS, **departments},
        "role": {name: role.label.text() for name, role in roles.items()},
        "purpose": {item.id: item.label.text() for document in access for item in document.purposes},
        "metric": {item.id: item.label.text() for document in metrics for item in document.metrics},
        "data_class": {**CLASSES, **persons},
        # Rules of bundles have no name: the reason that people were shown is what they know them by.
        "rule": {**BUILT_IN_RULES, **{rule.id: rule.message.text() for rule in guards}, **{rule.id: rule.reason.text() for document in access for rule in document.rules}},
        "code": CODES,
        "surface": SURFACES,
        "outcome": OUTCOMES,
        "decision": DECISIONS,
        "type": TYPES,
    }
