"""「为什么」 / "why": how the last answer came about, told in lines: the finding, each metric's definition and approval, the days, filters, rules."""

from __future__ import annotations

from dataclasses import replace

from governance.terms import Language
from nlq.answers.answer import Answer

_NOTE = {
    "zh": "这里说明数字是怎样得来的，不推断业务上的原因；想找原因，可以按维度拆开看。",
    "en": "This tells how the number came about, not what caused it; to look for causes, break it down by a dimension.",
}


def with_reasons(answer: Answer) -> Answer:
    """Return an answered question with its derivation as `explanation.summary`: lines, the finding first. Any other answer is returned as it is."""
    if answer.status != "answered":
        return answer
    return replace(answer, explanation=replace(answer.explanation, summary="\n".join(_lines(answer, answer.language))))


def _lines(answer: Answer, language: Language) -> list[str]:
    why, zh = answer.explanation, language == "zh"
    lines = [why.summary]
    for used in why.metrics:
        if zh:
            lines.append(f"{used.label}：{used.definition}（口径 {used.version}，{used.approver} {used.approved_on} 批准，负责人 {used.owner}）")
        else:
            lines.append(f"{used.label}: {used.definition} (definition {used.version}, approved by {used.approver} on {used.approved_on}, owner {used.owner})")
    if why.period:
        lines.append(f"时间：{why.period}" if zh else f"Period: {why.period}")
    if why.filters:
        lines.append(("筛选：" if zh else "Filters: ") + "; ".join(why.filters))
    if why.policy:
        lines.append(("适用的规则：" if zh else "Rules applied: ") + ("；" if zh else "; ").join(why.policy))
    if answer.data_as_of is not None:
        lines.append(f"数据截至 {answer.data_as_of}" if zh else f"Data as of {answer.data_as_of}")
    lines.append(_NOTE[language])
    return lines
