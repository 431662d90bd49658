"""What is held on a person, on paper: the same document as HTML and as PDF, in Chinese and English side by side."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from wenshu.print_fonts import READERS_OWN, font

MOST_ROWS = 500
"""Rows of one table that are printed; the machine-readable file has all of them."""
_FIELDS = {
    "name": "姓名 Name", "mobile": "手机 Mobile", "email": "邮箱 E-mail", "license": "医师执业证书编码 License", "unionid": "微信 unionid",
    "crm_id": "客户编号 CRM id", "employee": "工号 Employee number",
}  # fmt: skip
_ACTS = {"granted": "同意 granted", "withdrawn": "撤回 withdrawn"}
_LABELS = {"personal": "个人信息 Personal information", "coded": "去标识化的个人信息 De-identified personal information"}

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")
_LATIN = re.compile(r"[\x20-\x7e\xa1-\xff]+")
"""What the CJK font has no letters for, or badly spaced ones: the dot in a name, numbers, English."""

Section = tuple[str, str, Sequence[str], Sequence[Sequence[str]]]
"""Title, words under it, header, rows."""


def sections(document: Mapping[str, Any]) -> Iterator[Section]:
    """The document as titled tables."""
    called = {item["id"]: f"{item['label']['zh']} {item['label']['en']}" for item in document["purposes"]}
    yield (
        "我们掌握的关于您的信息 What we hold about you",
        f"案件号 Case {document['case']} · {_moment(document['made_at'])} · 假名 Pseudonym {document['person']['pseudonym']} · {_LABELS['personal']}",
        (),
        (),
    )
    yield (
        "身份信息 Identity",
        "加密保存于身份库 kept encrypted in the vault",
        ("项目 Field", "内容 Value", "来源 Source"),
        [
            (_FIELDS.get(kind, kind), "、".join(item["values"]) + ("（已更正 corrected）" if item["corrected"] else ""), ", ".join(item["sources"]))
            for kind, item in document["identity"].items()
        ],
    )
    yield (
        "处理目的与依据 Purposes and legal basis",
        "",
        ("目的 Purpose", "依据 Basis"),
        [(f"{item['label']['zh']} {item['label']['en']}", "—" if item["basis"] is None else f"{item['basis']['zh']} {item['basis']['en']}") for item in document["purposes"]],
    )
    if document["consent_acts"]:
        yield (
            "您的同意与撤回 Your consents and withdrawals",
            "",
            ("时间 When", "目的 Purpose", "渠道 Channel", "行为 Act", "告知版本 Notice"),
            [
                (_moment(act["at"] or ""), called.get(act["purpose"], act["purpose"]), act["channel"] or "全部 all", _ACTS.get(act["act"], act["act"]), f"{act['notice'] or '—'} {act['notice_version'] or ''}")
                for act in document["consent_acts"]
            ],
        )
    for table, held in document["records"].items():
        rows = held["rows"]
        names = [name for name in rows[0] if any(row[name] is not None for row in rows)]
        more = f" · 此处列出前 {MOST_ROWS} 行 the first {MOST_ROWS} rows" if len(rows) > MOST_ROWS else ""
        yield (
            f"{table}",
            f"{held['count']} 行 rows · {_LABELS['coded']} · 来源 source: {', '.join(held['sources'])}{more}",
            names,
            [[_cell(row[name]) for name in names] for row in rows[:MOST_ROWS]],
        )
    answers = document["answers"]["events"]
    yield (
        "您的数据可能参与过的回答 Answers that your data could have taken part in",
        f"{document['answers']['count']} 个 · 只保存了问题的范围，没有保存结果 only the scope of each question is kept, not its result",
        ("时间 When", "部门 Department", "目的 Purpose", "指标 Metrics", "分组 By", "账本 Ledger"),
        [
            (_moment(item["time"]), item["department"] or "", called.get(item["purpose"], item["purpose"] or ""), ", ".join(item["metrics"]), ", ".join(item["group_by"]), f"#{item['index']}")
            for item in answers[-MOST_ROWS:]
        ],
    )
    yield (
        "保存期限 Retention",
        "",
        ("内容 What", "期限 Months", "说明 Why"),
        [(item["table"] or item["id"], str(item["months"]), f"{item['reason']['zh']} {item['reason']['en']}") for item in document["retention"]],
    )


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "是 yes" if value else "否 no"
    return "" if value is None else _moment(str(value))


def _moment(text: str) -> str:
    """A time as people write it, to the minute; anything else as it is."""
    return f"{text[:10]} {text[11:16]}" if _MOMENT.match(text) else text


def as_html(document: Mapping[str, Any]) -> str:
    """One page that needs nothing else."""
    out = [
        "<!doctype html><html lang='zh-CN'><meta charset='utf-8'><meta name='viewport' content='width=device-width'><title>个人信息副本 Personal information</title><style>",
        "body{font:15px/1.6 'PingFang SC','Microsoft YaHei','Noto Sans CJK SC',sans-serif;margin:2rem auto;max-width:72rem;padding:0 1rem}",
        "h2{margin-top:2rem}table{border-collapse:collapse;font-variant-numeric:tabular-nums}th,td{border:1px solid #bbb;padding:.2rem .5rem;text-align:left;vertical-align:top}",
        ".wide{overflow-x:auto}p{color:#555}@media print{.wide{overflow:visible}}</style>",
    ]
    for title, words, header, rows in sections(document):
        out.append(f"<h2>{html.escape(title)}</h2>")
        if words:
            out.append(f"<p>{html.escape(words)}</p>")
        if header:
            head = "".join(f"<th scope='col'>{html.escape(name)}</th>" for name in header)
            body = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
            out.append(f"<div class='wide'><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>" if rows else "<p>无 none</p>")
    return "".join(out) + "</html>\n"


def _mixed(text: str, embedded: frozenset[int] | None) -> str:
    """Markup of a text. Without an embedded font Latin letters and digits stand in one that has them well; with one, only what it lacks stands in another."""
    if embedded is not None:
        return "".join(html.escape(letter) if ord(letter) in embedded else f'<font name="{READERS_OWN}">{html.escape(letter)}</font>' for letter in text)
    out, at = [], 0
    for found in _LATIN.finditer(text):
        out += [html.escape(text[at : found.start()]), f'<font name="Helvetica">{html.escape(found[0])}</font>']
        at = found.end()
    return "".join([*out, html.escape(text[at:])])


def as_pdf(document: Mapping[str, Any]) -> bytes:
    """The same on A4, landscape; the Chinese font is in the file where the machine has one that can be (`print_fonts`)."""
    from io import BytesIO

    from reportlab.lib import colors
    from reportlab.lib.pagesizes import A4, landscape
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.platypus import CondPageBreak, LongTable, Paragraph, SimpleDocTemplate, Spacer, TableStyle

    name, embedded = font()
    big = ParagraphStyle("big", fontName=name, fontSize=13, leading=18, spaceBefore=10, wordWrap="CJK")
    small = ParagraphStyle("small", fontName=name, fontSize=8, leading=11, wordWrap="CJK", textColor=colors.HexColor("#555555"), spaceAfter=4)
    cell = ParagraphStyle("cell", fontName=name, fontSize=6.5, leading=8.5, wordWrap="CJK")
    buffer = BytesIO()
    page = SimpleDocTemplate(buffer, pagesize=landscape(A4), leftMargin=28, rightMargin=28, topMargin=30, bottomMargin=30, title="个人信息副本 Personal information")
    story: list[Any] = []
    for title, words, header, rows in sections(document):
        # A heading never stands alone at the foot of a page.
        story += [CondPageBreak(90), Paragraph(_mixed(title, embedded), big)]
        if words:
            story.append(Paragraph(_mixed(words, embedded), small))
        if header and rows:
            grid = [[Paragraph(_mixed(text, embedded), cell) for text in line] for line in (header, *rows)]
            table = LongTable(grid, colWidths=[page.width / len(header)] * len(header), repeatRows=1)
            table.setStyle(TableStyle([("GRID", (0, 0), (-1, -1), 0.25, colors.grey), ("VALIGN", (0, 0), (-1, -1), "TOP"), ("BACKGROUND", (0, 0), (-1, 0), colors.HexColor("#eeeeee"))]))
            story += [Spacer(1, 2), table, Spacer(1, 4)]
        elif header:
            story.append(Paragraph(_mixed("无 none", embedded), small))
    page.build(story)
    return buffer.getvalue()
