"""A fake of `wenshu.answer_files.AnswerFiles`: the service's answer as a file for those of marketing, a refusal for everybody else."""

from __future__ import annotations

from wenshu.answer_files import AnswerFile


class FakeAnswerFiles:
    def __init__(self, service) -> None:
        self._service = service

    def take(self, actor, query, *, purpose=None, language="zh", session=None, case=None):
        if actor.role != "marketing":
            refusal = {"code": "export_not_allowed", "message": "这个答案不能以文件带走：规则 x 不允许。", "rule": "x", "you_may": ["在页面上查看这个答案"]}
            return self._service.refused(actor, refusal)
        answer = self._service.query(actor, query, purpose=purpose, language=language, session=session, surface="export")
        document = answer.to_json()
        lines = [",".join(column["label"] for column in document["columns"]), *(",".join("" if cell is None else str(cell) for cell in row) for row in document["rows"])]
        body = b"\xef\xbb\xbf" + "".join(line + "\r\n" for line in lines).encode()
        return AnswerFile(name="wenshu-1.csv", media="text/csv; charset=utf-8", body=body, answer=answer)
