"""Evidence queries: numbers taken from the ledger and the rules in force at this moment, by which controls stand or fall. Nothing here is ever ticked by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from audit.events import parse_time
from audit.search import Filter
from governance.bundle.loading import Bundle
from governance.documents.access import AccessDocument
from governance.documents.extracts import Mapping as Extract
from governance.documents.identity import IdentityDocument, RetentionDocument
from governance.documents.metrics import MetricsDocument
from governance.terms import Text
from wenshu.desk.door import Door
from wenshu.desk.findings.room import Findings
from wenshu.desk.integrity import Integrity
from wenshu.desk.signing import Signing


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Where evidence comes from. `unsigned` tells how many impact assessments of the bundle in force nobody signed."""

    door: Door
    bundle: Bundle
    integrity: Mapping[str, Any]
    findings: Mapping[str, Any]
    signing: Mapping[str, Any]
    registers: Mapping[str, Any]

    def events(self, **wanted: Any) -> int:
        """How many events of the last 90 days a filter means."""
        return self.door.reader.count(Filter(since=self.door.quarter(), **wanted))

    def begins(self, prefix: str) -> int:
        """How many events of the last 90 days have a type that begins so."""
        types = self.door.reader.facets(Filter(since=self.door.quarter()), ["type"])["type"]
        return sum(number for name, number in types if name and name.startswith(prefix))


Query = Callable[[Sources], int]


def _access(sources: Sources) -> list[AccessDocument]:
    return [read.document for read in sources.bundle.of("access", AccessDocument)]


def _extracts(sources: Sources) -> list[Extract]:
    return [read.document for read in sources.bundle.of("extracts", Extract)]


def _age(sources: Sources) -> int:
    first = sources.door.reader.search(None, limit=1, newest_first=False).events
    return (sources.door.clock() - parse_time(first[0].body["time"])).days if first else 0


def _without_purpose(sources: Sources) -> int:
    counted = dict(sources.door.reader.facets(Filter(type=("outcome",), outcome=("answered",)), ["purpose"])["purpose"])
    return counted.get(None, 0)


def _without_minimum(sources: Sources) -> int:
    return sum(bool(role.purposes) and role.minimum_group is None for document in _access(sources) for role in document.roles)


def _metrics(sources: Sources) -> list[Any]:
    return [metric for read in sources.bundle.of("metrics", MetricsDocument) for metric in read.document.metrics]


def _identity(sources: Sources) -> list[IdentityDocument]:
    return [read.document for read in sources.bundle.of("identity", IdentityDocument)]


QUERIES: Mapping[str, tuple[Text, Query]] = MappingProxyType(
    {
        "ledger_intact": (Text(zh="账本经验证完整（1 是）", en="Ledger verified whole (1: yes)"), lambda s: int(s.integrity.get("ok") is True)),
        "ledger_days": (Text(zh="账本已留存天数", en="Days that the ledger goes back"), _age),
        "events": (Text(zh="账本条目数", en="Entries of the ledger"), lambda s: int(s.integrity["size"])),
        "questions_recorded": (Text(zh="近 90 天留痕的提问", en="Questions on record, 90 days"), lambda s: s.events(type=("outcome",))),
        "refusals_recorded": (Text(zh="近 90 天留痕的拒绝", en="Refusals on record, 90 days"), lambda s: s.events(type=("outcome",), outcome=("refused",))),
        "orphan_intents": (Text(zh="无结果的请求", en="Requests without an end"), lambda s: int(s.integrity["orphan_intents"])),
        "answers_without_purpose": (Text(zh="无目的的答复", en="Answers without a purpose"), _without_purpose),
        "reads_recorded": (Text(zh="近 90 天对账本的查阅", en="Looks at the ledger, 90 days"), lambda s: s.begins("ledger.")),
        "sign_ins_recorded": (Text(zh="近 90 天登录记录", en="Sign-ins on record, 90 days"), lambda s: s.events(type=("session",))),
        "witnesses": (Text(zh="见证方", en="Witnesses"), lambda s: len(s.integrity["witnesses"])),
        "sinks": (Text(zh="外送通道", en="Sinks"), lambda s: len(s.integrity["sinks"])),
        "signoffs": (Text(zh="仍成立的签阅", en="Sign-offs that hold"), lambda s: sum(bool(item["holds"]) for item in s.signing["signoffs"])),
        "grave_findings_open": (Text(zh="未处理的严重发现", en="Grave findings open"), lambda s: sum(item["state"] == "open" and item["severity"] == "harm" for item in s.findings["findings"])),
        "findings_rules": (Text(zh="在用的发现规则", en="Rules of findings at work"), lambda s: len(s.findings["rules"])),
        "purposes": (Text(zh="已登记的目的", en="Purposes on file"), lambda s: sum(len(document.purposes) for document in _access(s))),
        "access_rules": (Text(zh="访问规则", en="Access rules"), lambda s: sum(len(document.rules) for document in _access(s))),
        "rules_without_reason": (Text(zh="无理由的规则", en="Rules without a reason"), lambda s: sum(not getattr(rule, "reason", None) for document in _access(s) for rule in document.rules)),
        "roles_without_minimum": (Text(zh="可提问而无最小组的角色", en="Asking roles without a minimum group"), _without_minimum),
        "metrics": (Text(zh="批准的指标", en="Approved metrics"), lambda s: len(_metrics(s))),
        "metrics_without_owner": (Text(zh="无负责人的指标", en="Metrics without an owner"), lambda s: sum(not metric.owner for metric in _metrics(s))),
        "extracts_mapped": (Text(zh="已登记的数据来源", en="Extracts on file"), lambda s: len(_extracts(s))),
        "columns_not_taken": (Text(zh="有意不采集的字段", en="Columns left out on purpose"), lambda s: sum(len(extract.ignore) for extract in _extracts(s))),
        "notices": (Text(zh="告知文本版本", en="Versions of notices"), lambda s: sum(len(document.notices) for document in _identity(s))),
        "retention_rules": (Text(zh="保存期限规则", en="Retention rules"), lambda s: sum(len(read.document.rules) for read in s.bundle.of("retention", RetentionDocument))),
        "reidentification_rules": (Text(zh="再识别申请规则", en="Rules of re-identification"), lambda s: sum(len(d.reidentification.requesters) for d in _identity(s) if d.reidentification)),
        "subject_acts": (Text(zh="近 90 天个人权利处理", en="Acts on persons' requests, 90 days"), lambda s: s.begins("subject.")),
        "policy_acts": (Text(zh="近 90 天规则变更记录", en="Acts on the rules, 90 days"), lambda s: s.begins("policy.")),
        "loads_recorded": (Text(zh="近 90 天数据装载记录", en="Loads on record, 90 days"), lambda s: s.begins("ingest.")),
        "activities": (Text(zh="处理活动登记", en="Processing activities on file"), lambda s: len(s.registers["activities"])),
        "activities_without_basis": (Text(zh="未写明法律依据的处理活动", en="Processing activities without a legal basis"), lambda s: sum(not item["basis"] for item in s.registers["activities"])),
        "assessments": (Text(zh="影响评估", en="Impact assessments"), lambda s: len(s.registers["assessments"])),
        "assessments_unsigned": (Text(zh="未签署的影响评估", en="Impact assessments not signed"), lambda s: sum(not item["signed_by"] for item in s.registers["assessments"])),
        "processors": (Text(zh="受托方与接收方登记", en="Processors on file"), lambda s: len(s.registers["processors"])),
        "processors_expired": (Text(zh="合同过期的受托方", en="Processors with expired contracts"), lambda s: sum(item["expired"] for item in s.registers["processors"])),
        "abroad_persons": (Text(zh="本年出境人数", en="Persons sent abroad this year"), lambda s: int(s.registers["transfers"]["persons"])),
        "abroad_unfiled": (Text(zh="依据不足的出境渠道", en="Flows abroad with too weak a basis"), lambda s: len(s.registers["transfers"]["short"])),
        "model_calls": (Text(zh="近 90 天外发语言模型的请求", en="Requests to a language model, 90 days"), lambda s: s.begins("model.")),
        "incidents": (Text(zh="事件登记", en="Incidents on file"), lambda s: len(s.registers["incidents"])),
    }
)
"""Every evidence query by name: how it is called, and how it is worked out."""


def gather(door: Door, bundle: Bundle, integrity: Integrity, findings: Findings, signing: Signing, registers: Mapping[str, Any]) -> Sources:
    """Take everything that the queries look at, of one moment."""
    if not door.ready():
        door.reader.warm()
        door.awoken()
    integrity.warm()
    findings.keep_up(wait=True)  # findings that are not looked for yet are no evidence that there are none
    return Sources(door=door, bundle=bundle, integrity=integrity.told(), findings=findings.told(), signing=signing.told(), registers=registers)
