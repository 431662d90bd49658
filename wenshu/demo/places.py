"""Where the company sells: regions, provinces and cities as they are, hospitals as nobody ever built them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from wenshu.demo.chance import pick, stream
from wenshu.demo.clock import FloatArray, IntArray, TextArray, texts

REGIONS = ("华东", "华北", "华南", "华中", "西南", "西北", "东北")
REGION_CODES = ("EC", "NC", "SC", "CC", "SW", "NW", "NE")
LEVELS = ("三级甲等", "三级乙等", "二级甲等", "二级乙等", "一级")
_TIER_WEIGHT = {"T1": 20.0, "T1N": 10.0, "T2": 6.0, "T3": 3.5}

# region: province: city*tier. New first tier and second tier follow the ranking of 2024 that the field quotes.
_MAP = {
    "华东": "上海:上海*T1;江苏:南京*T1N,苏州*T1N,无锡*T1N,常州*T2,南通*T2,徐州*T2,扬州*T3,盐城*T3;"
    "浙江:杭州*T1N,宁波*T1N,温州*T2,嘉兴*T2,绍兴*T2,金华*T2,湖州*T3;安徽:合肥*T1N,芜湖*T3,蚌埠*T3;"
    "福建:福州*T2,厦门*T2,泉州*T2;江西:南昌*T2,赣州*T3,九江*T3;山东:青岛*T1N,济南*T2,烟台*T2,潍坊*T2,临沂*T3",
    "华北": "北京:北京*T1;天津:天津*T1N;河北:石家庄*T2,保定*T2,唐山*T3,邯郸*T3;山西:太原*T2,大同*T3;内蒙古:呼和浩特*T3,包头*T3",
    "华南": "广东:广州*T1,深圳*T1,东莞*T1N,佛山*T2,惠州*T2,珠海*T2,中山*T2,汕头*T3;广西:南宁*T2,柳州*T3,桂林*T3;海南:海口*T3,三亚*T3",
    "华中": "河南:郑州*T1N,洛阳*T3,南阳*T3;湖北:武汉*T1N,宜昌*T3,襄阳*T3;湖南:长沙*T1N,株洲*T3,衡阳*T3",
    "西南": "重庆:重庆*T1N;四川:成都*T1N,绵阳*T3,南充*T3;贵州:贵阳*T2,遵义*T3;云南:昆明*T2,曲靖*T3;西藏:拉萨*T3",
    "西北": "陕西:西安*T1N,咸阳*T3;甘肃:兰州*T2,天水*T3;青海:西宁*T3;宁夏:银川*T3;新疆:乌鲁木齐*T3,喀什*T3",
    "东北": "辽宁:沈阳*T2,大连*T2,鞍山*T3;吉林:长春*T2,吉林*T3;黑龙江:哈尔滨*T2,齐齐哈尔*T3,大庆*T3",
}
_REGION_WEIGHT = (1.0, 1.35, 0.9, 1.35, 1.4, 1.6, 1.45)
_FIRST = "霁景澄瑞栖岚沐予怀蕴珩祁枫屿溯昭翊朗熙禾芷墨云璟辰煦菡晏凌筠"
_SECOND = "云溪禾川和安宁岳泽庭原舟远晖谷岩汀乔麓月澜峤苑松桐蓝湾坪池野"
_KINDS = (
    ("医学中心", "总医院", "中心医院"),
    ("中心医院", "康复医院", "医院"),
    ("社区卫生服务中心", "门诊部", "卫生院"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class City:
    """A real city, its province, tier and region index."""

    name: str
    province: str
    tier: str
    region: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Hospitals:
    """All hospitals, one entry each in every array; `place` is an index of `cities`, `level` of `LEVELS`.

    They are sorted by region, province and city, as sales territories are cut.
    """

    cities: tuple[City, ...]
    code: TextArray
    name: TextArray
    aliases: tuple[tuple[str, ...], ...]
    level: IntArray
    place: IntArray
    region: IntArray
    size: FloatArray

    def __len__(self) -> int:
        return len(self.code)


def all_cities() -> tuple[City, ...]:
    """The cities of the company's map, region by region and province by province."""
    return tuple(
        City(name=city.split("*")[0], province=province.split(":")[0], tier=city.split("*")[1], region=i)
        for i, region in enumerate(REGIONS)
        for province in _MAP[region].split(";")
        for city in province.split(":")[1].split(",")
    )


def make_hospitals(seed: int, scale: float) -> Hospitals:
    """About 800 hospitals at scale 1, and never fewer than there are cities."""
    rng = stream(seed, "hospitals")
    cities = all_cities()
    count = max(len(cities), round(800 * scale))
    weights = [_TIER_WEIGHT[city.tier] * _REGION_WEIGHT[city.region] for city in cities]
    place = np.sort(np.concatenate([np.arange(len(cities)), pick(rng, weights, count - len(cities))]))
    tiers = np.array([list(_TIER_WEIGHT).index(city.tier) for city in cities])[place]
    level = pick(rng, (0.33, 0.13, 0.27, 0.12, 0.15), count)
    size = np.array([3.2, 2.0, 1.1, 0.75, 0.3])[level] * np.array([1.5, 1.25, 1.0, 0.8])[tiers]
    size = size * rng.lognormal(0.0, 0.35, count)
    words = rng.permutation(len(_FIRST) * len(_SECOND))
    kind = rng.integers(0, 3, count)
    names, aliases = [], []
    for i in range(count):
        word = int(words[i % len(words)])
        fantasy = _FIRST[word // len(_SECOND)] + _SECOND[word % len(_SECOND)]
        former = _FIRST[(word * 7 + i) % len(_FIRST)] + _SECOND[(word * 11 + 3) % len(_SECOND)]
        city = cities[int(place[i])].name
        # The same two characters come back in a larger company; the city keeps the names apart, then a campus number.
        campus = "" if i < len(words) else f"第{i // len(words) + 1}院区"
        suffix = _KINDS[min(2, int(level[i]) // 2)][int(kind[i])]
        names.append(f"{city}{fantasy}{suffix}{campus}")
        aliases.append((f"{fantasy}{suffix}{campus}", f"{city}{fantasy}{campus}", f"{city}{former}纪念医院{campus}"))
    codes = rng.choice(90_000, size=count, replace=False) + 10_000
    return Hospitals(
        cities=cities,
        code=texts(f"HSP{code:05d}" for code in codes),
        name=texts(names),
        aliases=tuple(aliases),
        level=level,
        place=place,
        region=np.array([cities[p].region for p in place], dtype=np.int64),
        size=size,
    )
