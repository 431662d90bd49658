"""What is held on a person, on paper: the same document as HTML and as PDF, in Chinese and English side by side."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from wenshu.print_fonts import READERS_OWN, font
from wenshu.subject.wording import both, extract_of

MOST_ROWS = 500
"""Rows of one table that are printed; the machine-readable file has all of them."""
_FIELDS = {
    "name": "姓名 Name", "mobile": "手机 Mobile", "email": "邮箱 E-mail", "license": "医师执业证书编码 License", "unionid": "微信 unionid",
    "crm_id": "客户编号 CRM id", "employee": "工号 Employee number",
}  # fmt: skip
_ACTS = {"granted": "同意 granted", "withdrawn": "撤回 withdrawn"}
_LABELS = {"personal": "个人信息 Personal information", "coded": "去标识化的个人信息 De-identified personal information"}

JUDGED = {
    "attributes_then": "您在问题范围内 you were within the question's scope",
    "attributes_unknown": "当时的属性已不可知，可能在内 your attributes then are no longer known; you could have been",
    "question_pruned": "问题内容已按期清除，是否参与不可知 the question was removed under retention; unknown",
}
"""Why an answer is listed."""

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")
_LATIN = re.compile(r"[\x20-\x7e\xa1-\xff]+")
"""What the CJK font has no letters for, or badly spaced ones: the dot in a name, numbers, English."""

Section = tuple[str, str, Sequence[str], Sequence[Sequence[str]]]
"""Title, words under it, header, rows."""


def sections(document: Mapping[str, Any]) -> Iterator[Section]:
    """The document as titled tables."""
    called = {item["id"]: f"{item['label']['zh']} {item['label']['en']}" for item in document["purposes"]}
    told = document["words"]
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
            (_FIELDS.get(kind, kind), "、".join(item["values"]) + ("（已更正 corrected）" if item["corrected"] else ""), _sources(told, item["sources"]))
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
        # A column in which nothing stands, or the person's own pseudonym only (it is on the first page), tells nothing.
        own = document["person"]["pseudonym"]
        names = [name for name in rows[0] if any(row[name] not in {None, own} for row in rows)]
        more = f" · 此处列出前 {MOST_ROWS} 行 the first {MOST_ROWS} rows" if len(rows) > MOST_ROWS else ""
        plain = table.removeprefix("restricted.")
        yield (
            both(told["tables"], plain) + ("（已限制使用 restricted）" if plain != table else ""),
            f"{held['count']} 行 rows · {_LABELS['coded']} · 来源 source: {_sources(told, held['sources'])}{more}",
            [both(told["columns"].get(plain, {}), name) for name in names],
            [[_cell(row[name]) for name in names] for row in rows[:MOST_ROWS]],
        )
    yield from _answers(document, called)
    yield (
        "保存期限 Retention",
        "",
        ("内容 What", "期限 Months", "说明 Why"),
        [(both(told["tables"], item["table"]) if item["table"] else item["id"], str(item["months"]), f"{item['reason']['zh']} {item['reason']['en']}") for item in document["retention"]],
    )


def _answers(document: Mapping[str, Any], called: Mapping[str, str]) -> Iterator[Section]:
    told, answers = document["words"], document["answers"]["events"]
    yield (
        "您的数据可能参与过的回答 Answers that your data could have taken part in",
        f"{document['answers']['count']} 个 · 只保存了问题的范围，没有保存结果 only the scope of each question is kept, not its result",
        ("时间 When", "角色 Role", "目的 Purpose", "指标 Metrics", "分组 By", "为何列出 Why listed", "账本 Ledger"),
        [
            (
                _moment(item["time"]), both(told["roles"], item["role"] or ""), called.get(item["purpose"], item["purpose"] or ""),
                "、".join(both(told["metrics"], name) for name in item["metrics"]), "、".join(both(told["dimensions"], name) for name in item["group_by"]),
                JUDGED[item["judged_by"]], f"#{item['index']}",
            )
            for item in answers[-MOST_ROWS:]
        ],
    )  # fmt: skip
    if document["answers"]["pruned"]:
        yield (
            "保存期已过的记录 Records whose time of keeping is over",
            "这些问题的内容已按保存期限清除，无法得知您的数据是否参与过 what was asked there was removed under retention; whether your data took part can't be known",
            ("早于 Before", "记录数 Records", "账本编号 Ledger numbers"),
            [(_moment(item["before"] or ""), f"{item['entries']:,}", f"#{item['first']}–#{item['last']}") for item in document["answers"]["pruned"]],
        )


def _sources(told: Mapping[str, Any], files: Sequence[str]) -> str:
    return "、".join(extract_of(told["extracts"], file) for file in files)


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
