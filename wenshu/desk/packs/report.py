"""The readable report of a pack: the same content as HTML and PDF, in Chinese and English. No number is worked out that the events don't hold."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from html import escape
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from audit.standalone import member
from governance.terms import Language, Text

LISTED = 500
"""Events that the report lists; all of them lie in events.jsonl."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a report is made of."""

    made_by: str
    made_at: str
    filters: Mapping[str, str]
    events: Sequence[Mapping[str, Any]]
    size: int
    root: str
    policies: Sequence[tuple[str, bool]]
    signoffs: Sequence[Mapping[str, Any]]
    integrity: Mapping[str, Any]
    zone: ZoneInfo
    called: Callable[[str, str], Text]
    """What an id of a filter is called (`Labels.text`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A heading with paragraphs and, it may be, a table whose first row is its head."""

    title: Text
    paragraphs: tuple[Text, ...] = ()
    table: tuple[tuple[str | Text, ...], ...] = ()
    numbers: frozenset[int] = frozenset()
    """Columns of numbers, which stand to the right."""
    widths: tuple[int, ...] = ()
    """Widths of the columns to each other on paper; none: all the same."""


TITLE = Text(zh="问数审计证据报告", en="Wenshu audit evidence report")


def parts(report: Report) -> list[Part]:
    """The report's content."""
    outcomes = Counter(str(member(event, "outcome")) for event in report.events if event["type"] == "outcome")
    codes = Counter(str(code) for event in report.events if event["type"] == "outcome" and (code := member(event, "code")))
    people = Counter(str(event["actor"]) for event in report.events)
    days = Counter(_local(event, report.zone)[:10] for event in report.events)
    said, made = _filter(report), _local({"time": report.made_at}, report.zone) + f" ({report.zone.key})"
    whole = report.integrity.get("ok")
    state = (
        Text(zh="账本经验证完整。", en="The ledger was verified and is whole.")
        if whole
        else Text(zh="账本验证未通过，请先查明原因。", en="The ledger does not verify; find out why first.")
        if whole is False
        else Text(zh="制作时账本尚未在本进程内验证；请运行 verify.py。", en="The ledger was not verified by this process yet; run verify.py.")
    )
    return [
        Part(
            title=Text(zh="这是什么", en="What this is"),
            paragraphs=(
                Text(zh=f"由 {report.made_by} 于 {made} 制作。筛选条件：{said.zh}。", en=f"Made by {report.made_by} at {made}. Filter: {said.en}."),
                Text(zh=f"账本前 {report.size:,} 条中有 {len(report.events):,} 条符合；其余条目仅以叶哈希和所需字段列出。", en=f"Of the ledger's first {report.size:,} entries {len(report.events):,} match; of the others only leaf hash and the fields needed are given."),
                state,
                Text(zh=f"根：{report.root}", en=f"Root: {report.root}"),
                Text(
                    zh="完整性证明的范围：所有叶哈希合成已签名的根；未列出事件的字段由账本在制作时以签名条目承诺。对任一条目可要求出示原文，其哈希必须与叶相符。",
                    en="What completeness rests on: all leaf hashes give the signed root; the fields of events not shipped were committed to by a signed entry when this was made. Ask for the body of any entry: it must hash to its leaf.",
                ),
            ),
        ),
        Part(title=Text(zh="结果", en="Outcomes"), table=_counts(Text(zh="结果", en="Outcome"), outcomes, partial(report.called, "outcome")), numbers=COUNT, widths=(3, 1)),
        Part(title=Text(zh="拒绝与失败的原因", en="Reasons of refusals and failures"), table=_counts(Text(zh="原因", en="Reason"), codes, partial(report.called, "code")), numbers=COUNT, widths=(3, 1)),
        Part(title=Text(zh="人员", en="People"), table=_counts(Text(zh="人员", en="Person"), people), numbers=COUNT, widths=(3, 1)),
        Part(title=Text(zh="按日", en="By day"), table=_counts(Text(zh="日期", en="Day"), days, ordered=True), numbers=COUNT, widths=(3, 1)),
        Part(
            title=Text(zh="有效规则", en="Rules in force"),
            table=((Text(zh="内容哈希", en="Content hash"), Text(zh="随附", en="Included")), *((version, Text(zh="是" if there else "未留存", en="yes" if there else "not kept")) for version, there in report.policies)),
            widths=(6, 1),
        ),
        Part(
            title=Text(zh="签阅", en="Sign-offs"),
            table=(
                (Text(zh="时间", en="Time"), Text(zh="人员", en="Who"), Text(zh="事件", en="Events"), Text(zh="含义", en="Meaning"), Text(zh="仍成立", en="Holds")),
                *((_local({"time": item["at"]}, report.zone), str(item["by"]), f"{item['from']}–{item['to']}", item["label"], Text(zh="是" if item["holds"] else "否", en="yes" if item["holds"] else "no")) for item in report.signoffs),
            )
            if report.signoffs
            else (),
        ),
        Part(
            title=Text(zh="事件", en="Events"),
            paragraphs=(Text(zh=f"列出前 {LISTED} 条；全部见 events.jsonl。", en=f"The first {LISTED} are listed; all of them lie in events.jsonl."),) if len(report.events) > LISTED else (),
            table=(
                (Text(zh="编号", en="No."), Text(zh="本地时间", en="Local time"), Text(zh="人员", en="Person"), Text(zh="事件", en="Type"), Text(zh="目的", en="Purpose"), Text(zh="指标", en="Metrics"), Text(zh="结果", en="Outcome")),
                *(
                    (
                        str(event["index"]),
                        _local(event, report.zone),
                        str(event["actor"]),
                        report.called("type", str(event["type"])),
                        report.called("purpose", str(event["purpose"])) if event.get("purpose") else "",
                        _listed([report.called("metric", metric) for metric in member(event, "metrics") or []]),
                        _ended(event, report),
                    )
                    for event in report.events[:LISTED]
                ),
            ),
            numbers=frozenset({0}),
            widths=(5, 13, 10, 10, 10, 14, 14),
        ),
    ]


COUNT = frozenset({1})
NAMES: Mapping[str, Text] = {
    "actor": Text(zh="人员", en="person"),
    "department": Text(zh="部门", en="department"),
    "purpose": Text(zh="目的", en="purpose"),
    "metric": Text(zh="指标", en="metric"),
    "outcome": Text(zh="结果", en="outcome"),
    "type": Text(zh="事项", en="type"),
    "case": Text(zh="案件", en="case"),
    "since": Text(zh="自", en="from"),
    "until": Text(zh="至", en="to"),
    "code": Text(zh="原因", en="reason"),
    "rule": Text(zh="规则", en="rule"),
    "session": Text(zh="会话", en="session"),
    "role": Text(zh="角色", en="role"),
    "data_class": Text(zh="数据类别", en="data class"),
}
"""What a filter is called."""


def _filter(report: Report) -> Text:
    parts = [(NAMES.get(name, Text(zh=name, en=name)), _listed([report.called(name, part) for part in value.split(",")])) for name, value in report.filters.items() if value]
    if not parts:
        return Text(zh="无（整个账本）", en="none (the whole ledger)")
    return Text(zh="；".join(f"{name.zh} {value.zh}" for name, value in parts), en="; ".join(f"{name.en} {value.en}" for name, value in parts))


def _listed(texts: Sequence[Text]) -> Text:
    return Text(zh="、".join(text.zh for text in texts), en=", ".join(text.en for text in texts))


def _ended(event: Mapping[str, Any], report: Report) -> Text:
    outcome, code = member(event, "outcome"), member(event, "code")
    words = [report.called("outcome", str(outcome))] if outcome else [report.called("decision", str(event["decision"]))] if event.get("decision") else []
    words += [report.called("code", str(code))] if code else []
    return Text(zh=" · ".join(text.zh for text in words), en=" · ".join(text.en for text in words))


def _local(event: Mapping[str, Any], zone: ZoneInfo) -> str:
    return dt.datetime.fromisoformat(str(event["time"])).astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")


def _counts(name: Text, counted: Counter[str], called: Callable[[str], str | Text] = str, *, ordered: bool = False) -> tuple[tuple[str | Text, ...], ...]:
    items = sorted(counted.items()) if ordered else counted.most_common()
    return ((name, Text(zh="事件数", en="Events")), *((called(key), f"{number:,}") for key, number in items)) if items else ()


def say(words: str | Text, language: Language) -> str:
    """Words in the language."""
    return words[language] if isinstance(words, Text) else words


def _cell(tag: str, place: int, cell: str | Text, part: Part, language: Language) -> str:
    side = ' class="n"' if place in part.numbers else ""
    return f"<{tag}{side}>{escape(say(cell, language))}</{tag}>"


def as_html(title: Text, content: Sequence[Part], language: Language) -> str:
    """The report as one HTML page without anything from elsewhere."""
    rows = []
    for part in content:
        rows.append(f"<h2>{escape(say(part.title, language))}</h2>")
        rows += [f"<p>{escape(say(text, language))}</p>" for text in part.paragraphs]
        if part.table:
            head, *body = part.table
            rows.append("<table><thead><tr>" + "".join(_cell("th", place, cell, part, language) for place, cell in enumerate(head)) + "</tr></thead><tbody>")
            rows += ["<tr>" + "".join(_cell("td", place, cell, part, language) for place, cell in enumerate(row)) + "</tr>" for row in body]
            rows.append("</tbody></table>")
        elif not part.paragraphs:
            rows.append("<p>—</p>")
    style = (
        "body{font:15px/1.6 'PingFang SC','Microsoft YaHei','Noto Sans CJK SC',sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem;color:#1c2530}"
        "table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums;margin:.5rem 0}th,td{text-align:left;border-bottom:1px solid #e4e8ec;padding:.25rem .75rem .25rem 0;"
        "overflow-wrap:anywhere;vertical-align:top}th{color:#5a6672;font-weight:400}.n{text-align:right;padding-right:1.5rem}@media print{body{margin:0}tr{break-inside:avoid}}p{overflow-wrap:anywhere;max-width:72ch}h2{font-size:1.1rem;margin-top:2rem}"
    )
    tag = "zh-CN" if language == "zh" else "en"
    return f'<!doctype html><html lang="{tag}"><head><meta charset="utf-8"><title>{escape(title[language])}</title><style>{style}</style></head><body><h1>{escape(title[language])}</h1>{"".join(rows)}</body></html>\n'


def as_pdf(path: Path, title: Text, content: Sequence[Part], language: Language) -> None:
    """The report as a PDF in A4; Chinese by the reader's own STSong-Light, as every PDF reader has it."""
    from reportlab.lib import colors
    from reportlab.lib.enums import TA_RIGHT
    from reportlab.lib.pagesizes import A4
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont
    from reportlab.platypus import LongTable, Paragraph, SimpleDocTemplate, Spacer, TableStyle

    pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))
    text = ParagraphStyle("text", fontName="STSong-Light", fontSize=9, leading=14, wordWrap="CJK")
    small = ParagraphStyle("small", parent=text, fontSize=7.5, leading=10)
    right = ParagraphStyle("right", parent=small, alignment=TA_RIGHT, rightIndent=18)
    big = ParagraphStyle("big", parent=text, fontSize=16, leading=22, spaceAfter=8)
    head = ParagraphStyle("head", parent=text, fontSize=11.5, leading=18, spaceBefore=10)
    page = SimpleDocTemplate(str(path), pagesize=A4, leftMargin=42, rightMargin=42, topMargin=42, bottomMargin=42, title=title[language], author="Wenshu")
    flow: list[Any] = [Paragraph(escape(title[language]), big)]
    for part in content:
        flow.append(Paragraph(escape(say(part.title, language)), head))
        flow += [Paragraph(escape(say(words, language)), text) for words in part.paragraphs]
        if part.table:
            cells = [[Paragraph(escape(say(cell, language)), right if place in part.numbers else small) for place, cell in enumerate(row)] for row in part.table]
            widths = part.widths or (1,) * len(part.table[0])
            table = LongTable(cells, repeatRows=1, colWidths=[page.width * width / sum(widths) for width in widths])
            table.setStyle(TableStyle([("LINEBELOW", (0, 0), (-1, -1), 0.3, colors.HexColor("#d0d5da")), ("VALIGN", (0, 0), (-1, -1), "TOP"), ("LEFTPADDING", (0, 0), (-1, -1), 0)]))
            flow.append(table)
        elif not part.paragraphs:
            flow.append(Paragraph("—", text))
    flow.append(Spacer(1, 6))

    def foot(canvas: Any, document: Any) -> None:
        canvas.setFont("STSong-Light", 7.5)
        canvas.drawString(42, 24, title[language])
        canvas.drawRightString(A4[0] - 42, 24, {"zh": f"第 {document.page} 页", "en": f"page {document.page}"}[language])

    page.build(flow, onFirstPage=foot, onLaterPages=foot)


def write_reports(folder: Path, report: Report) -> None:
    """Write the report as `report.<language>.html` and `.pdf`."""
    content = parts(report)
    for language in ("zh", "en"):
        (folder / f"report.{language}.html").write_text(as_html(TITLE, content, language), encoding="utf-8")
        as_pdf(folder / f"report.{language}.pdf", TITLE, content, language)
