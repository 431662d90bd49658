"""What the pages show, without any script: answers, questions back, refusals, empty pages, errors, both languages."""

from __future__ import annotations

import json
import re
from html import unescape

import pytest

from governance.errors import WarehouseError
from tests.fakes.service import PEOPLE
from tests.fakes.web import Reader, make_app


@pytest.fixture
def parts(tmp_path):
    return make_app(tmp_path)


def words(response) -> str:
    """The page's text as read, without tags."""
    text = re.sub(r"<(script|svg).*?</\1>", "", response.text, flags=re.DOTALL)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", text)))


def ask(app, question, *, user="market", language="zh", **more: str):
    reader = Reader(app, user, language=language)
    return reader, reader.post("/ask", {"question": question, **more})


def test_an_answer_is_sentence_picture_table_definition_and_receipt(parts):
    app, _, _ = parts
    _, response = ask(app, "上个月各大区的触达率")
    text = words(response)
    assert response.status_code == 200
    for part in ("华北最高，为 64.8%", "大区", "触达率", "49.8%", "2026-10-01 至 10-31", "口径 v3", "治理委员会 2026-06-12 批准", "凭证 #1", "渠道不含呼叫中心", "“上个月”指 2026 年 10 月", "少于 10 位医生的组不显示"):
        assert part in text, part
    assert '<svg xmlns="http://www.w3.org/2000/svg"' in response.text
    assert "‹10" in text
    assert "少于 10 人" in text


def test_a_hidden_number_is_nowhere_in_the_page(parts):
    app, _, _ = parts
    _, response = ask(app, "上个月各大区的触达率")
    row = re.search(r"<tr><th scope=\"row\">西北.*?</tr>", response.text).group(0)
    assert re.findall(r"\d+\.\d+", row) == []


def test_the_understood_question_can_be_changed_as_fields(parts):
    app, service, _ = parts
    reader, response = ask(app, "上个月各大区的触达率")
    base = unescape(re.search(r'name="base" value="([^"]*)"', response.text).group(1))
    assert json.loads(base)["metrics"] == ["reach_rate"]
    fields = {
        "base": base, "metric": ["revenue", ""], "dimension": ["region", "channel"], "start": "2026-09-01", "end": "2026-09-30", "grain": "month",
        "filter-0-dimension": "channel", "filter-0-op": "not_in", "filter-0-values": "呼叫中心", "filter-1-dimension": "region", "filter-1-op": "in", "filter-1-values": "华东，华南",
    }  # fmt: skip
    assert reader.post("/query", fields).status_code == 200
    assert service.queried[-1]["query"] == {
        "metrics": ["revenue"], "group_by": ["region", "channel"], "grain": "month", "period": {"start": "2026-09-01", "end": "2026-10-01"},
        "where": [{"dimension": "channel", "op": "not_in", "values": ["呼叫中心"]}, {"dimension": "region", "op": "in", "values": ["华东", "华南"]}],
    }  # fmt: skip


def test_what_has_no_field_is_kept_or_dropped_as_it_was(parts):
    app, service, _ = parts
    reader = Reader(app, "market")
    base = {"metrics": ["reach_rate"], "order": [{"by": "reach_rate", "direction": "asc"}], "limit": 3, "compare": "previous_year"}
    reader.post("/query", {"base": json.dumps(base), "metric": "reach_rate", "extra": ["order", "compare"]})
    assert service.queried[-1]["query"] == {"metrics": ["reach_rate"], "order": base["order"], "compare": "previous_year"}


def test_fields_in_english_mean_the_warehouse_values(parts):
    app, service, _ = parts
    reader = Reader(app, "market", language="en")
    reader.post("/query", {"base": "{}", "metric": "reach_rate", "filter-0-dimension": "region", "filter-0-op": "in", "filter-0-values": "Region 0, region-9"})
    assert service.queried[-1]["query"]["where"][0]["values"] == ["华东", "region-9"]


@pytest.mark.parametrize(
    "fields",
    [
        {"base": "{}"},
        {"base": "nonsense", "metric": "reach_rate"},
        {"base": "[]", "metric": "reach_rate"},
        {"base": "{}", "metric": "reach_rate", "start": "2026-10-01"},
        {"base": "{}", "metric": "reach_rate", "start": "2026-10-31", "end": "2026-10-01"},
        {"base": "{}", "metric": "reach_rate", "start": "0", "end": "x"},
        {"base": "{}", "metric": "reach_rate", "start": "2026-10-01", "end": "9999-12-31"},
        {"base": "{}", "metric": "no_such_metric"},
        {"query": "{"},
    ],
)
def test_damaged_fields_get_one_clear_error(parts, fields):
    app, _, _ = parts
    response = Reader(app, "market").post("/query", fields)
    assert response.status_code == 400
    assert response.text.count('class="card problem"') == 1


def test_an_ambiguous_question_shows_its_readings_and_one_click_runs_one(parts):
    app, service, _ = parts
    reader, response = ask(app, "上个月的转化率")
    assert "您指的是哪一种转化率？" in words(response)
    options = [json.loads(unescape(q)) for q in re.findall(r'name="query" value="([^"]*)"', response.text)]
    assert options == [{"metrics": ["advance_rate"]}, {"metrics": ["reach_rate"]}]
    assert reader.post("/query", {"query": json.dumps(options[1]), "label": "触达率"}).status_code == 200
    assert service.queried[-1]["query"] == {"metrics": ["reach_rate"]}


def test_a_refusal_says_why_what_instead_and_whom_to_ask(parts):
    app, _, _ = parts
    _, response = ask(app, "张伟医生开了多少康舒平")
    text = words(response)
    assert response.status_code == 200
    for part in ("任何人都不能查看", "您可以：", "上个月各产品的销售额", "合规部", "凭证 #"):
        assert part in text
    for word in ("403", "Forbidden", "prescription_by_doctor", "red_line"):
        assert word not in text


def test_what_is_not_understood_offers_the_nearest(parts):
    app, _, _ = parts
    _, response = ask(app, "天气如何")
    assert "最接近的可问内容" in words(response)
    assert 'name="question" value="上个月各大区的触达率"' in response.text


def test_unsound_fields_offer_what_can_be_asked(parts):
    app, _, _ = parts
    response = Reader(app, "market").post("/query", {"base": "{}", "metric": "revenue", "grain": "week"})
    assert response.status_code == 400
    assert "销售额按月记录" in words(response)
    assert "&#34;start&#34;: &#34;2026-10-01&#34;" in response.text


def test_the_purpose_is_chosen_and_sent(parts):
    app, service, _ = parts
    reader, response = ask(app, "触达率", purpose="performance_review")
    assert service.asked[-1]["purpose"] == "performance_review"
    assert '<option value="performance_review" selected>' in response.text
    assert '<option value="market_analysis" selected>' in reader.get("/").text


def test_an_empty_page_teaches_by_example(parts):
    app, _, _ = parts
    text = words(Reader(app, "market").get("/"))
    assert "林晓，您好" in text
    assert "上个月各大区的触达率" in text


def test_a_conversation_is_kept_for_its_owner_alone(parts):
    app, _, _ = parts
    reader, _ = ask(app, "上个月各大区的触达率", conversation="conv-1")
    page = reader.get("/c/conv-1")
    assert page.status_code == 200
    assert "华北最高" in words(page)
    assert "‹*›" in words(page)
    other = Reader(app, "manager_east")
    assert other.get("/c/conv-1").status_code == 404
    assert "上个月各大区的触达率" not in words(other.get("/")).replace("例如：上个月各大区的触达率", "").split("对话")[1]


def test_the_same_question_again_shows_both_answers_once(parts):
    app, _, _ = parts
    reader, _ = ask(app, "上个月各大区的触达率", conversation="conv-1")
    response = reader.post("/ask", {"question": "上个月的转化率", "conversation": "conv-1"})
    assert response.text.count("<article") == 2
    assert response.text.index("您指的是哪一种") < response.text.index("华北最高")


def test_a_script_gets_only_the_piece_and_the_conversation(parts):
    app, _, _ = parts
    reader = Reader(app, "market")
    response = reader.post("/ask", {"question": "触达率"}, headers={"X-Wenshu-Fragment": "1"})
    assert response.text.strip().startswith("<article")
    assert "<html" not in response.text
    assert re.fullmatch(r"[A-Za-z0-9_-]{16}", response.headers["X-Wenshu-Conversation"])


@pytest.mark.parametrize("question", ["", "   ", "长" * 2001])
def test_no_question_or_an_endless_one_gets_a_clear_error(parts, question):
    app, service, _ = parts
    _, response = ask(app, question)
    assert response.status_code == 400
    assert not service.asked


def test_when_the_ledger_is_unavailable_no_data_and_no_loss(parts):
    app, service, _ = parts
    reader = Reader(app, "market")
    service.break_ledger()
    response = reader.post("/ask", {"question": "触达率"})
    assert response.status_code == 503
    assert "审计账本暂时无法读写，因此不给出任何数据" in words(response)
    service.fail = WarehouseError("secret path")
    assert "secret path" not in reader.post("/ask", {"question": "触达率"}).text


def test_places_are_those_of_the_role_and_at_most_five(parts):
    app, _, _ = parts
    expected = {
        "market": ["提问", "指标目录"],
        "manager_east": ["提问", "指标目录"],
        "compliance": ["提问", "指标目录", "合规审阅", "个人"],
        "committee_a": ["治理委员会"],
        "engineer": ["数据"],
    }
    assert expected.keys() == PEOPLE.keys()
    for user, names in expected.items():
        page = Reader(app, user).get("/account").text
        nav = re.search(r'<nav class="places".*?</nav>', page, re.DOTALL)
        assert re.findall(r">([^<>\n]+)</a>", nav.group(0) if nav else "") == names


def test_who_may_ask_nothing_goes_to_their_own_place(parts):
    app, _, _ = parts
    assert Reader(app, "committee_a").get("/").location == "/committee"
    assert Reader(app, "engineer").get("/").location == "/data"


@pytest.mark.parametrize(("path", "owner"), [("/review", "compliance"), ("/committee", "committee_a"), ("/review/events/ev-0000", "compliance")])
def test_a_page_of_another_role_is_refused_kindly(parts, path, owner):
    app, _, _ = parts
    for user in PEOPLE:
        response = Reader(app, user).get(path)
        assert response.status_code == (200 if user == owner else 403)
        if user != owner:
            assert "联系数据治理委员会" in words(response)


def test_the_catalogue_explains_every_metric_and_can_be_searched(parts):
    app, _, _ = parts
    reader = Reader(app, "market")
    text = words(reader.get("/catalogue"))
    for part in ("3 个指标", "初步触达", "触达率", "触达比例", "大区 · 渠道 · 科室", "治理委员会，2026-06-12，版本 v3", "reach_rate"):
        assert part in text
    found = words(reader.get("/catalogue?find=观念转化率"))
    assert "3 个指标中的 1 个" in found
    assert "没有叫这个名字的指标" in words(reader.get("/catalogue?find=zzz"))
    assert "您的角色还没有可用的指标" in words(Reader(app, "engineer").get("/catalogue"))


def test_the_desk_shows_the_ledger_whole_filters_pages_and_proves(parts):
    app, service, _ = parts
    for _ in range(120):
        service.ask(service.accounts.actor("market"), "天气")
    reader = Reader(app, "compliance")
    page = reader.get("/review")
    assert "无悬空请求" in words(page)
    assert "找到 122 条记录" in words(page)
    seen = []
    address = "/review?type=outcome"
    while address:
        page = reader.get(address)
        seen += re.findall(r'href="/review/events/(ev-\d+)"', page.text)
        following = re.search(r'rel="next" href="([^"]+)"', page.text)
        address = unescape(following.group(1)) if following else None
    assert len(seen) == len(set(seen)) == 120
    event = reader.get(f"/review/events/{seen[5]}")
    assert "得到的正是签名的根" in words(event)
    verified = reader.post("/review/verify")
    assert "条记录的内容和位置都与写入时一致" in words(verified)


def test_a_forged_proof_is_not_called_a_proof(parts, monkeypatch):
    app, service, _ = parts
    reader, _ = ask(app, "触达率")
    whole = service.audit_proof
    assert "得到的正是签名的根" in words(reader.get("/receipt/ev-0001"))
    for change in ({"leaf": "00" * 32}, {"path": []}, {"index": 0}, {"checkpoint": "x"}, {"leaf": "zz"}):
        monkeypatch.setattr(service, "audit_proof", lambda actor, event, change=change: whole(actor, event) | change)
        text = words(reader.get("/receipt/ev-0001"))
        assert "哈希计算得不到签名的根" in text
        assert "得到的正是签名的根" not in text


def test_a_receipt_of_another_is_not_shown(parts):
    app, _, _ = parts
    ask(app, "触达率")
    assert Reader(app, "manager_east").get("/receipt/ev-0001").status_code == 403
    assert Reader(app, "manager_east").get("/receipt/nothing").status_code == 404


def test_the_committee_reads_the_bundle(parts):
    app, _, _ = parts
    text = words(Reader(app, "committee_a").get("/committee"))
    for part in ("康衡医药数据治理规则", "市场部", "每组至少 10 位医生", "全部阶段的指标", "最少必要", "触达率", "大区", "crm_hcp.csv", "bundle.yaml", "没有任何规则涉及此角色"):
        assert part in text


def test_the_language_is_asked_remembered_and_negotiated(parts):
    app, _, _ = parts
    for header, expected in (("zh-CN,zh;q=0.9", "登录"), ("en-GB,en;q=0.8,zh;q=0.1", "Sign in"), ("fr", "登录"), ("", "登录")):
        assert expected in words(Reader(app, language=header).get("/signin"))
    reader = Reader(app, "market", language="zh")
    assert 'lang="en"' in reader.get("/?lang=en").text
    assert "Good to see you, Lin Xiao" in words(reader.get("/"))
    reader.get("/?lang=xx")
    assert "Good to see you" in words(reader.get("/"))


def test_an_english_page_has_no_chinese_of_ours(parts):
    app, _, _ = parts
    for user, paths in {"market": ["/", "/account", "/password", "/nothing"], "engineer": ["/account", "/catalogue"], "compliance": ["/review"]}.items():
        reader = Reader(app, user, language="en")
        for path in paths:
            text = words(reader.get(path)).replace("中文", "")
            assert not re.search("[\u4e00-\u9fff]", text), (path, text)


def test_a_missing_page_is_a_page(parts):
    app, _, _ = parts
    response = Reader(app, "market").get("/nothing")
    assert response.status_code == 404
    assert "没有找到" in words(response)
    assert response.mimetype == "text/html"


def test_completion_is_a_post_and_says_what_each_word_is(parts):
    app, _, _ = parts
    reader = Reader(app, "market", language="en")
    assert reader.get("/complete?text=触").status_code == 404
    found = reader.post("/complete", {"text": "上个月华东触"}).json["completions"]
    assert found[0] == {"text": "触达率", "kind": "metric", "label": "Reach rate", "description": "approved metric", "replace": None}
    assert reader.post("/complete", {"text": ""}).json["completions"] == []
