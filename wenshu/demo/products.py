"""Products, campaigns and content: what the company talks to doctors about."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from wenshu.demo.chance import Rng, happens, pick, stream
from wenshu.demo.clock import Clock, IntArray, TextArray, texts
from wenshu.demo.files import Extract

PRODUCTS = ("康舒平", "糖衡", "安欣宁", "瑞肺清")
PRODUCT_CODES = ("KSP", "TH", "AXN", "RFQ")
PRODUCT_ENGLISH = ("Kangshuping", "Tangheng", "Anxinning", "Ruifeiqing")
PRODUCT_NUMBERS = ("P01", "P02", "P03", "P04")
TOPIC_CODES = ("EFF", "SAF", "GUI", "CAS", "REI")
CONTENT_TYPES = ("ART", "VID", "EDA", "SUR")
ART, VID, EDA, SUR = range(4)
NO_CONTENT = -1

# Which product a doctor of each specialty (in the order of `people.SPECIALTIES`) hears about.
BY_SPECIALTY = np.array(
    [
        [0.46, 0.04, 0.50, 0.00],
        [0.14, 0.84, 0.02, 0.00],
        [0.00, 0.00, 0.02, 0.98],
        [0.08, 0.03, 0.09, 0.80],
        [0.74, 0.16, 0.10, 0.00],
        [0.46, 0.34, 0.20, 0.00],
        [0.34, 0.56, 0.06, 0.04],
        [0.48, 0.37, 0.13, 0.02],
    ]
)
_TOPIC_WORDS = ("疗效证据", "安全性数据", "指南更新", "病例分享", "医保政策")
_DISEASES = ("高血压", "2型糖尿病", "慢性心衰", "非小细胞肺癌")
_FORMS = ("解读", "专家视频", "互动课件", "小调研")


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """A named campaign: its products, the months of the year in which it runs, its share of touches by channel."""

    name: str
    products: tuple[int, ...]
    months: tuple[int, ...]
    share: dict[str, float]


CAMPAIGNS = (
    Campaign(name="春风行动", products=(0, 1), months=(3, 4, 5), share={"F2F": 0.25, "WECHAT": 0.3, "CALL": 0.3}),
    Campaign(
        name="心衰规范诊疗行",
        products=(2,),
        months=(4, 5, 6, 9, 10),
        share={"F2F": 0.3, "WEBINAR": 0.5, "CONGRESS": 0.6},
    ),
    Campaign(
        name="糖心同管", products=(1, 2), months=(9, 10, 11), share={"WECHAT": 0.35, "WEBINAR": 0.4, "EMAIL": 0.3}
    ),
    Campaign(
        name="肺癌精准月",
        products=(3,),
        months=(11,),
        share={"F2F": 0.4, "WECHAT": 0.4, "WEBINAR": 0.6, "CONGRESS": 0.7},
    ),
    Campaign(
        name="基层慢病课堂",
        products=(0, 1),
        months=(1, 3, 6, 7, 8, 12),
        share={"WEBINAR": 0.35, "WECHAT": 0.2, "REMOTE": 0.3},
    ),
    Campaign(
        name="名医面对面", products=(0, 1, 2, 3), months=(3, 4, 5, 9, 10, 11), share={"CONGRESS": 0.35, "WEBINAR": 0.2}
    ),
    Campaign(
        name="冬日护心",
        products=(0, 2),
        months=(12, 1, 2),
        share={"F2F": 0.25, "WECHAT": 0.35, "EMAIL": 0.35, "CALL": 0.3},
    ),
    Campaign(
        name="医保落地宣贯",
        products=(2, 3),
        months=(1, 2, 3),
        share={"F2F": 0.2, "REMOTE": 0.35, "EMAIL": 0.4, "CALL": 0.3},
    ),
)
CAMPAIGN_TEXTS = texts(["", *(campaign.name for campaign in CAMPAIGNS)])


def campaigns_for(rng: Rng, clock: Clock, channel: str, product: IntArray, day: IntArray) -> IntArray:
    """For each touch an index of `CAMPAIGN_TEXTS` (0: no campaign)."""
    chosen = np.zeros(len(product), dtype=np.int64)
    month = clock.month_of_year()[clock.day_month[day]]
    for i, campaign in enumerate(CAMPAIGNS, 1):
        share = campaign.share.get(channel, 0.0)
        fits = np.isin(product, campaign.products) & np.isin(month, campaign.months)
        chosen = np.where(fits & happens(rng, share, len(product)), i, chosen)
    return chosen


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """One entry a piece of content, sorted by the day it came out (negative: before the window)."""

    content_id: TextArray
    title: TextArray
    kind: IntArray
    topic: IntArray
    product: IntArray
    published: IntArray


def make_content(seed: int, clock: Clock) -> Content:
    """240 pieces, at least one of every product and kind before the window begins."""
    rng = stream(seed, "content")
    count = 240
    kind = pick(rng, (0.45, 0.25, 0.22, 0.08), count)
    product = np.arange(count) % 4
    published = np.sort(rng.integers(-330, max(1, clock.days - 5), count))
    kind[:16], published[:16] = np.repeat(np.arange(4), 4), np.sort(rng.integers(-360, -330, 16))
    topic = pick(rng, (0.32, 0.18, 0.20, 0.20, 0.10), count)
    return Content(
        content_id=texts(f"CT{n:05d}" for n in (rng.choice(80_000, size=count, replace=False) + 10_000).tolist()),
        title=texts(
            f"{PRODUCTS[p]}：{_DISEASES[p]}{_TOPIC_WORDS[t]}{_FORMS[k]}（{i + 1}）"
            for i, (p, t, k) in enumerate(zip(product.tolist(), topic.tolist(), kind.tolist(), strict=True))
        ),
        kind=kind,
        topic=topic,
        product=product,
        published=published,
    )


def content_for(rng: Rng, content: Content, kind: IntArray, product: IntArray, day: IntArray) -> IntArray:
    """A piece of the kind and product that was out on the day, recent ones more often; NO_CONTENT where kind is -1."""
    chosen = np.full(len(day), NO_CONTENT)
    back = rng.exponential(3.0, len(day)).astype(np.int64)
    for k in range(len(CONTENT_TYPES)):
        for p in range(len(PRODUCTS)):
            shelf = np.flatnonzero((content.kind == k) & (content.product == p))
            asked = np.flatnonzero((kind == k) & (product == p))
            out = np.searchsorted(content.published[shelf], day[asked], side="right") - 1
            chosen[asked] = shelf[np.maximum(0, out - back[asked])]
    return chosen


def content_texts(content: Content) -> TextArray:
    """`content_id` by index, with the empty text at index NO_CONTENT."""
    return texts([*content.content_id, ""])


def content_extract(clock: Clock, content: Content) -> Extract:
    """`content.csv`."""
    columns = {
        "content_id": content.content_id,
        "title": content.title,
        "type_code": texts(CONTENT_TYPES)[content.kind],
        "topic_code": texts(TOPIC_CODES)[content.topic],
        "product_code": texts(PRODUCT_CODES)[content.product],
        "published_on": texts(np.datetime_as_string(np.datetime64(clock.first) + content.published)),
    }
    return Extract(
        name="content.csv",
        order=np.arange(len(content.kind)),
        render=lambda rows: {key: column[rows] for key, column in columns.items()},
        free=("title",),
    )
