"""The demo company's accounts (contracts.md section 1). An account carries its region or its representative."""

from __future__ import annotations

from dataclasses import dataclass

from governance.terms import Text

EAST = "华东"


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoAccount:
    """One invented colleague; `region` and `representative_of` say what the row scopes refer to."""

    id: str
    role: str
    department: str
    name: Text
    region: str | None = None
    representative_of: str | None = None


DEMO_ACCOUNTS = (
    DemoAccount(id="market", role="marketing", department="marketing", name=Text(zh="市场部", en="Marketing")),
    DemoAccount(id="manager_east", role="sales_manager", department="sales", name=Text(zh="华东销售经理", en="Sales manager East"), region=EAST),
    DemoAccount(id="rep_east_1", role="sales_rep", department="sales", name=Text(zh="华东代表", en="Representative East"), representative_of=EAST),
    DemoAccount(id="medical", role="medical", department="medical", name=Text(zh="医学部", en="Medical affairs")),
    DemoAccount(id="compliance", role="compliance", department="compliance", name=Text(zh="合规官", en="Compliance officer")),
    DemoAccount(id="compliance_2", role="compliance", department="compliance", name=Text(zh="合规官二", en="Second compliance officer")),
    DemoAccount(id="committee_a", role="committee", department="committee", name=Text(zh="治理委员甲", en="Committee member A")),
    DemoAccount(id="committee_b", role="committee", department="committee", name=Text(zh="治理委员乙", en="Committee member B")),
    DemoAccount(id="committee_c", role="committee", department="committee", name=Text(zh="治理委员丙", en="Committee member C")),
    DemoAccount(id="engineer", role="data_engineer", department="data_engineering", name=Text(zh="数据工程师", en="Data engineer")),
)
