"""The readable report of a pack: the same content as HTML and PDF, in Chinese and English. No number is worked out that the events don't hold."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from governance.terms import Language, Text
from wenshu.desk.packs.checker import member

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A heading with paragraphs and, it may be, a table whose first row is its head."""

    title: Text
    paragraphs: tuple[Text, ...] = ()
    table: tuple[tuple[str | Text, ...], ...] = ()


TITLE = Text(zh="问数审计证据报告", en="Wenshu audit evidence report")


def parts(report: Report) -> list[Part]:
    """The report's content."""
    said = "；".join(f"{name} = {value}" for name, value in report.filters.items()) or "—"
    outcomes = Counter(str(member(event, "outcome")) for event in report.events if event["type"] == "outcome")
    codes = Counter(str(code) for event in report.events if event["type"] == "outcome" and (code := member(event, "code")))
    people = Counter(str(event["actor"]) for event in report.events)
    days = Counter(_local(event, report.zone)[:10] for event in report.events)
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
                Text(zh=f"由 {report.made_by} 于 {report.made_at} 制作。筛选条件：{said}。", en=f"Made by {report.made_by} at {report.made_at}. Filter: {said.replace('；', '; ')}."),
                Text(zh=f"账本前 {report.size:,} 条中有 {len(report.events):,} 条符合；其余条目仅以叶哈希和所需字段列出。", en=f"Of the ledger's first {report.size:,} entries {len(report.events):,} match; of the others only leaf hash and the fields needed are given."),
                state,
                Text(zh=f"根：{report.root}", en=f"Root: {report.root}"),
                Text(
                    zh="完整性证明的范围：所有叶哈希合成已签名的根；未列出事件的字段由账本在制作时以签名条目承诺。对任一条目可要求出示原文，其哈希必须与叶相符。",
                    en="What completeness rests on: all leaf hashes give the signed root; the fields of events not shipped were committed to by a signed entry when this was made. Ask for the body of any entry: it must hash to its leaf.",
                ),
            ),
        ),
        Part(title=Text(zh="结果", en="Outcomes"), table=_counts(Text(zh="结果", en="Outcome"), outcomes)),
        Part(title=Text(zh="拒绝与失败的原因", en="Reasons of refusals and failures"), table=_counts(Text(zh="原因", en="Reason"), codes)),
        Part(title=Text(zh="人员", en="People"), table=_counts(Text(zh="人员", en="Person"), people)),
        Part(title=Text(zh="按日", en="By day"), table=_counts(Text(zh="日期", en="Day"), days, ordered=True)),
        Part(
            title=Text(zh="有效规则", en="Rules in force"),
            table=((Text(zh="内容哈希", en="Content hash"), Text(zh="随附", en="Included")), *((version, Text(zh="是" if there else "未留存", en="yes" if there else "not kept")) for version, there in report.policies)),
        ),
        Part(
            title=Text(zh="签阅", en="Sign-offs"),
            table=(
                (Text(zh="时间", en="Time"), Text(zh="人员", en="Who"), Text(zh="事件", en="Events"), Text(zh="含义", en="Meaning"), Text(zh="仍成立", en="Holds")),
                *((str(item["at"])[:19], str(item["by"]), f"{item['from']}–{item['to']}", item["label"], Text(zh="是" if item["holds"] else "否", en="yes" if item["holds"] else "no")) for item in report.signoffs),
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
                        str(event["type"]),
                        str(event.get("purpose") or ""),
                        ", ".join(member(event, "metrics") or []),
                        " ".join(str(word) for word in (member(event, "outcome") or event.get("decision"), member(event, "code")) if word),
                    )
                    for event in report.events[:LISTED]
                ),
            ),
        ),
    ]


def _local(event: Mapping[str, Any], zone: ZoneInfo) -> str:
    return dt.datetime.fromisoformat(str(event["time"])).astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")


def _counts(name: Text, counted: Counter[str], *, ordered: bool = False) -> tuple[tuple[str | Text, ...], ...]:
    items = sorted(counted.items()) if ordered else counted.most_common()
    return ((name, Text(zh="事件数", en="Events")), *((key, f"{number:,}") for key, number in items)) if items else ()


def say(words: str | Text, language: Language) -> str:
    """Words in the language."""
    return words[language] if isinstance(words, Text) else words


def as_html(title: Text, content: Sequence[Part], language: Language) -> str:
    """The report as one HTML page without anything from elsewhere."""
    rows = []
    for part in content:
        rows.append(f"<h2>{escape(say(part.title, language))}</h2>")
        rows += [f"<p>{escape(say(text, language))}</p>" for text in part.paragraphs]
        if part.table:
            head, *body = part.table
            rows.append("<table><thead><tr>" + "".join(f"<th>{escape(say(cell, language))}</th>" for cell in head) + "</tr></thead><tbody>")
            rows += ["<tr>" + "".join(f"<td>{escape(say(cell, language))}</td>" for cell in row) + "</tr>" for row in body]
            rows.append("</tbody></table>")
        elif not part.paragraphs:
            rows.append("<p>—</p>")
    style = (
        "body{font:15px/1.6 'PingFang SC','Microsoft YaHei','Noto Sans CJK SC',sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem;color:#1c2530}"
        "table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums;margin:.5rem 0}th,td{text-align:left;border-bottom:1px solid #e4e8ec;padding:.25rem .75rem .25rem 0;"
        "overflow-wrap:anywhere;vertical-align:top}th{color:#5a6672;font-weight:400}p{overflow-wrap:anywhere;max-width:72ch}h2{font-size:1.1rem;margin-top:2rem}"
    )
    tag = "zh-CN" if language == "zh" else "en"
    return f'<!doctype html><html lang="{tag}"><head><meta charset="utf-8"><title>{escape(title[language])}</title><style>{style}</style></head><body><h1>{escape(title[language])}</h1>{"".join(rows)}</body></html>\n'


def as_pdf(path: Path, title: Text, content: Sequence[Part], language: Language) -> None:
    """The report as a PDF in A4; Chinese by the reader's own STSong-Light, as every PDF reader has it."""
    from reportlab.lib import colors
    from reportlab.lib.pagesizes import A4
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont
    from reportlab.platypus import LongTable, Paragraph, SimpleDocTemplate, Spacer, TableStyle

    pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))
    text = ParagraphStyle("text", fontName="STSong-Light", fontSize=9, leading=14, wordWrap="CJK")
    small = ParagraphStyle("small", parent=text, fontSize=7.5, leading=10)
    big = ParagraphStyle("big", parent=text, fontSize=16, leading=22, spaceAfter=8)
    head = ParagraphStyle("head", parent=text, fontSize=11.5, leading=18, spaceBefore=10)
    page = SimpleDocTemplate(str(path), pagesize=A4, leftMargin=42, rightMargin=42, topMargin=42, bottomMargin=42, title=title[language], author="Wenshu")
    flow: list[Any] = [Paragraph(escape(title[language]), big)]
    for part in content:
        flow.append(Paragraph(escape(say(part.title, language)), head))
        flow += [Paragraph(escape(say(words, language)), text) for words in part.paragraphs]
        if part.table:
            cells = [[Paragraph(escape(say(cell, language)), small) for cell in row] for row in part.table]
            table = LongTable(cells, repeatRows=1, colWidths=[page.width / len(part.table[0])] * len(part.table[0]))
            table.setStyle(TableStyle([("LINEBELOW", (0, 0), (-1, -1), 0.3, colors.HexColor("#d0d5da")), ("VALIGN", (0, 0), (-1, -1), "TOP"), ("LEFTPADDING", (0, 0), (-1, -1), 0)]))
            flow.append(table)
        elif not part.paragraphs:
            flow.append(Paragraph("—", text))
    flow.append(Spacer(1, 6))
    page.build(flow)


def write_reports(folder: Path, report: Report) -> None:
    """Write the report as `report.<language>.html` and `.pdf`."""
    content = parts(report)
    for language in ("zh", "en"):
        (folder / f"report.{language}.html").write_text(as_html(TITLE, content, language), encoding="utf-8")
        as_pdf(folder / f"report.{language}.pdf", TITLE, content, language)
