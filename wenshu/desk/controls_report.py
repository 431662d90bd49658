"""The compliance audit report as files: HTML and PDF, Chinese and English."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from audit.errors import ExportError
from governance.terms import Text
from wenshu.desk.packs.report import Part, as_html, as_pdf

TITLE = Text(zh="合规审计对照报告", en="Compliance audit report")
STATES: Mapping[str, Text] = {
    "met": Text(zh="满足", en="met"),
    "partly": Text(zh="部分满足", en="partly met"),
    "not_met": Text(zh="未满足", en="not met"),
}


def parts(told: Mapping[str, Any]) -> list[Part]:
    """The report's content, of what `Controls.told` says."""
    summary = told["summary"]
    first = Part(
        title=Text(zh="结论", en="Summary"),
        paragraphs=(
            Text(
                zh=f"{summary['met']} 项满足，{summary['partly']} 项部分满足，{summary['not_met']} 项未满足。{told['at']}，规则 {told['bundle'][:16]}。",
                en=f"{summary['met']} met, {summary['partly']} partly, {summary['not_met']} not met. {told['at']}, rules {told['bundle'][:16]}.",
            ),
            Text(
                zh="由账本与有效规则即时得出。这不是法律意见；标“未核实”的表述未与法律原文比对。",
                en="Worked out from the ledger and the rules in force. No legal advice; what is marked “unverified” was not compared with the law's own text.",
            ),
        ),
    )
    head = (Text(zh="条款", en="Articles"), Text(zh="要求", en="It asks"), Text(zh="由什么满足", en="What answers it"), Text(zh="状态", en="State"), Text(zh="证据", en="Evidence"))
    laws = [
        Part(title=law["law"], paragraphs=(Text(zh=f"来源：{law['source'].zh}", en=f"Source: {law['source'].en}"),), table=(head, *(_row(control) for control in law["controls"])))
        for law in told["laws"]
    ]
    return [first, *laws]


def _row(control: Mapping[str, Any]) -> tuple[Text, ...]:
    seen = [(item["label"], f"{item['value']} ({item['bound']})") for item in control["evidence"]]
    articles = ", ".join(control["articles"])
    left = control["outside"] or Text(zh="", en="")
    note = control["note"] or Text(zh="", en="")
    return (
        Text(zh=articles + ("" if control["verified"] else "（未核实）"), en=articles + ("" if control["verified"] else " (unverified)")),
        control["demand"],
        Text(zh=" ".join(filter(None, (control["capability"].zh, f"（须由人完成：{left.zh}）" if left.zh else "", note.zh))), en=" ".join(filter(None, (control["capability"].en, f"(left to people: {left.en})" if left.en else "", note.en)))),
        STATES[control["state"]],
        Text(zh="；".join(f"{label.zh}：{value}" for label, value in seen) or "—", en="; ".join(f"{label.en}: {value}" for label, value in seen) or "—"),
    )


def write_controls(out: Path, told: Mapping[str, Any]) -> None:
    """Write `report.<language>.html` and `.pdf` into the new or empty folder `out`. Raises ExportError where that can't be."""
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ExportError(f"{out.name} is there already and not an empty folder; name a new one")
    content = parts(told)
    try:
        out.mkdir(mode=0o700, parents=True, exist_ok=True)
        for language in ("zh", "en"):
            (out / f"report.{language}.html").write_text(as_html(TITLE, content, language), encoding="utf-8")
            as_pdf(out / f"report.{language}.pdf", TITLE, content, language)
    except OSError as error:
        raise ExportError(f"{out.name} can't be written: {error.strerror}") from error
