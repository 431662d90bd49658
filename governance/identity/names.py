"""Which Chinese characters can be a person's name, and which words only look like one.

Surnames: the hundred-and-more most common ones of the household register (any list of 百家姓 has them) and the compound ones still borne.
The characters of given names and the words that begin like a name are a matter of usage; the second come from jieba's dictionary (MIT),
read as a word list without starting jieba.
"""

from __future__ import annotations

import re
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from governance.identity import pinyin
from governance.identity.business_words import BUSINESS_WORDS
from governance.identity.not_names import ALSO_NAMES, MORE_THINGS
from governance.identity.places_things import PLACES, THINGS


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


SURNAMES_BY_FREQUENCY = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹"
    "孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤赖洪萧常温康施文牛樊葛邢安齐易乔伍庞颜倪庄聂章鲁岳翟殷詹申欧耿关兰焦俞左柳"
    "甘祝包宁尚符舒阮柯纪梅童凌毕单季裴霍涂成苗谷盛曲翁冉骆蓝路游辛靳欧管柴蒙鲍华喻祁蒲房滕屈饶解牟艾尤阳时穆农司卓古吉缪简车项连芦麦褚娄"
    "窦戚岑景党宫费卜冷晏席卫米柏宗瞿桂全佟应臧闵苟邬边卞姬师和仇栾隋商刁沙荣巫寇桑郎甄丛仲虞敖巩明佘池查麻苑迟邝"
    "官封谈匡鞠惠荆乐冀郁胥南班储原栗燕楚鄢劳谌奚皮粟冼蔺楼盘满闻位厉伊仝区郜海阚花权强帅屠豆朴盖练廉禹井祖漆巴丰支卿国狄平计索宣晋相初门"
    "云容敬来扈晁芮都普阙浦戈伏鹿薄邸雍辜羊阿乌母裘亓修邰赫杭况那宿鲜印逯隆茹诺战慕危玉银亢嵇公哈湛宾戎勾茅利於呼居揭干但尉冶斯元束檀衣信展阴昝"
    "代傅占丘呙禤妫厍钭俎郐鄞酆芈爨蔺阚仵妘邘郚甯鞏粘揣炅鉏耒頔咎昝逯郜缪宓幺聂苌亓厉诸荀渠巨贡雒蹇旷昌弓操鄂税谯庹矫竺靖轩琚蔚宛侍茆菅暴畅巢扶毋仵资庾伦汝冒邴粱隗眭郄滑洛汲糜宦弋忻钦郅励拓候虎凡扎寿青铁"
    "智幸奉植衡富尧闭由习钮郦阎綦桓蒯訾逄濮淦缑咸刀侬仉郗郏郇佴笪郃苻柘璩芈臺戢乜凤贲羿蓬韶蓟莘郤殳沃夔贠遆苍牧墨"
)
"""Single surnames, simplified, the more frequent ones first."""

RAREST_SURNAMES = frozenset("才岩字布保拉户年木未步黑东别藏水山种贝尼从过化买续加宝历经么德后格招要英台央随双依顿延员果玄扬回西鱼圣籍纳泽怀赛昂皇密竹同永春寻崇雪塔开念望达小多先松秋宰禄慎仰暨撒隆锁琴")
"""Surnames that are everyday characters and borne by few: believed in running text, where what stands beside a name is weighed, and nowhere else."""

SURNAMES = frozenset(SURNAMES_BY_FREQUENCY)
"""Single surnames, simplified."""

COMMON_SURNAMES = frozenset(
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹"
    "孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵钱严覃武戴莫孔汤萧温康施樊葛邢齐乔庞颜倪庄聂章鲁岳翟殷詹申欧耿兰焦俞柳祝宁阮柯梅童凌裴霍翁骆靳鲍赖洪喻祁滕牟穆冉邬卞闵隋甄臧鄢傅丘荀"
)
"""Surnames frequent enough to be believed without a title beside the name; those that are also everyday words are left out."""

COMPOUND_SURNAMES = frozenset(
    _words(
        "欧阳 司马 上官 诸葛 东方 皇甫 尉迟 公孙 慕容 令狐 司徒 司空 夏侯 长孙 宇文 轩辕 端木 南宫 西门 独孤 呼延 申屠 太史 澹台 "
        "濮阳 公冶 闻人 赫连 拓跋 百里 东郭 钟离 鲜于 闾丘 万俟 淳于 单于 完颜 纳兰 叶赫 那拉 爱新 第五 梁丘 左丘 谷梁 乐正 南荣 仲长 宗政 段干 亓官 巫马 公西 公良 仲孙 东里 褚师 公羊 漆雕 子桑 司寇 达奚 颛孙 子车 贺兰 哥舒 侯莫 贺若 斛律 耶律 完颜 西陵 南门 公仪 相里 公输 微生 东门 羊舌 夹谷 澹臺 钟吾 呼延 范姜 张简 欧侯"
    )
)

_BARE_WITH_TITLE = COMMON_SURNAMES - frozenset("高何任方金江白石章程温") | frozenset("戚裴褚娄窦栾佟邝蔺鄂邸阚亓谌逯郜缪芮莘岑瞿闫聂沃殳贠虞缑遆匡阎仝宓晏")
"""Surnames believed with a title and no given name (张主任); words that often end another word are left out."""

GIVEN_BY_FREQUENCY = (
    "美为民国建伟芳秀敏静强磊军洋勇艳杰娟涛明超霞平刚英华文志春永海保少卫东治长爱新"
    "文明大国德家子华军生志玉平小光建公元宗林海天云永东中靖斯金克晓安龙宝春长峰正江学祥伯庆蓉道民清秀一成仁立二忠新昌丽兵维俊良伟荣义兰振兴敏思凤镇汉"
    "福君杰祖达亚保飞树贵襄刚儿红青松相景波梅少恩瑞芳基才和阳宏石嘉科心贤南宇笑如朝书尼强广秋奇孝康顺敬绍宁守继风村承来洪真仲政可希斐鹏有燕辉开丹珍"
    "延泽惠远剑玲胜誉铁斌进泰雪鸿泉虎培全素本信亮健吉同乐寿森若智桂勇诚礼雄慧尚耀启时传超邦博友善锡卿彦萍花升川令灵涛四昭麟领香初诗登银震应贞喜爱根伦"
    "浩坚莲兆罗源仙鸣崇炳用怀衡仪锦铭显望曼凯名岩月楚霞诺威湖冰雅静群侠佩鹤谦常芬龄修莉晋恒齐京会孟茂钟雨汝起盛钧郡双勋毅乾迪冲哲冠举宣欣霖史儒佳旭越"
    "奎裕业珠献厚柏琴宪纯柱艳扬琪润冬勤秉宋隆图忙古乔多昆济伊莱鼎婷娜征岳依瑜佐功怡朗豪营渊跃宜园烈钦张翰辅佑满益卓竹诸丰占炎湘碧季逸溪凡密洁赛亲尧朱存"
    "紫然锋颖纪遂琳典翠禄孔则栋翔放轩语念骏彩禹绿顿增藻茶弘淳翼傅训菲佛彬致黎聪苏赫端驹帅改虹实环岗肇允韵亨叶辛捷晶丕精艾象舒尊柔婉容妹镜舟澄巍瑶钰"
    "菊含祯桐庚仆腾瑾牛祺薇赞运雯莹植卢努洋育迁舜败灿挺伐拔壮辰巨陶徽潜昂敦寅求朋晴楠遥帮体寒晨淮荫恺玛麻慕奏孚毓耕赵枝遇铨露枫殷牧处伸琼璐积穆衍鑫"
    "妮彝欢港杏程郭帆余汤茹峻媚盈愈倩岚浦淞贺妙芝馨懿朵蓓蕾苗莎薛燊煜烨炜焕熙烁灏瀚潇涵淑淇渝湛滢漫漪澜潮玮玥玲珂珊珏琛琨琰琬瑄瑛璇璟瓒娟娥娴婧媛嫣嫒"
    "姝姗姣妍婕嫦昱昕昊晏晟晖晗晔暄暖曦曙旻旺杭栩梓梵棋棠榕榆槿樱橙橹歆沁沛沐沫泓洛津涓浚涌润滨漾濠雁霏霄霆鸥鹃鹰鹭磊砚硕碧磷禾秋秦稷穗竣筠筱箐纬绮绪"
    "绣缘翎耘胤舰航艺芊芮芷苒英茜荔荷莘菁萌萱葳蒙蓝蔓蕊蕙薰裴谊谨豫贝贤赐轶轲迅迈逊郁郴酉铃铠铮锐锟键镕闯闻阔陵隽雷颂颜飒馥骁骅鲲麒黛鹂龙佟伶侃俐俪倬"
    "偲傲儆兮冉凌利劲勉勖匀千卉原双叔君吟吴周品唯喆喻嘉均坤垚城培基堃塬夕夏大奕好妤姿娅娣婵子孜宁宏实寒少尉尹岑峥崎嵩巧帼幸广庭廷弋彤律得徐忆怀恬悦悟情"
    "惜意慈戈战才拓抒捷攀敖斐方旋日昀普智暮曜月朔权来枚柳标栎桃梁梅检森植欧正步殊毛民沙沈河法洁洪淼清渔炅炯焱照熹牧特狄玺玄王琦甜甫白皓盼石祎福秉秋穹"
    "童端笛素紫红纳经练绅群义翊耿聆肖胡臻良芯苑菡营葵蔚虎蝶融行衷西言许诗谧谷豆财贤赋路辉进连述通逸道酩里重金钊锡镇长门闳阁隆雄雅霓青音韬顶飘高魁"
    "丘丞世业东丛中丰丹主久之乔予争云互五亚京人今仁介从付仕令仪任仟企伍伏休优会伟传伦佩依侠俊信修倚儒元充先克党全公共兰关兵其典养冀内冬冰冲冶凤凯出"
    "印厚又友双发叔古台史司各向君启员命和咏咸哲唐喜嗣嘉四回团园圆坚垠埃堂塞士壮备夏天夫夷奇如妈姜娇婉孔孙宝宪容宽宾寅将小尔尤尧展山岭峡崖川工左帅帆"
    "睿宸绎柠弈屹芮骐赟熠苡忻淏珺瑗璐婳婵媞嫚嬿骞禛笙筝茉莞葭蘅谡轼邈鋆铄镔霂霈颀飏骢鸢榛樾槐汐沄泠泺洺浔浠渲湉溦滟潼澈澔濯瀛焓煊玘玙珈珩珞珣琋琤瑀瑭瑷璘璞皎祐祚纾绾缇羲翀芃芾芩茵荃荏菀萦蓁蕴薏衿跞迩遴钏铎锜霁霖颢骊麓"
)
"""Characters frequent in given names, simplified, the more frequent ones roughly first; some occur more than once."""

GIVEN = frozenset(GIVEN_BY_FREQUENCY)
"""Characters frequent in given names, simplified."""

TITLES = tuple(
    _words(
        "副主任医师 主任医师 主治医师 住院医师 副主任 主任 主治 医生 医师 大夫 副教授 教授 副院长 院长 护士长 护士 博导 博士 院士 老师 先生 女士 "
        "小姐 同志 药师 专家 客户 代表 经理 总监 所长 处长 科长 书记"
    )
)
"""Words that follow a person's name, the longer ones first."""

PERSONAL_TITLES = frozenset(_words("医生 大夫 教授 副教授 主任 副主任 院长 副院长 老师 先生 女士 小姐 院士 护士长"))
"""Titles with which a surname alone already points at a person."""

LEADING_TITLES = (
    "医生",
    "大夫",
    "教授",
    "主任",
    "医师",
    "院长",
    "专家",
    "客户",
    "患者",
    "病人",
    "代表",
    "老师",
    "姓名",
    "名叫",
    "叫做",
    "同事",
    "护士",
)
"""Words that come before a person's name."""

NOT_GIVEN = frozenset(
    "的是各每有无与及或了在哪几少率数量额科室院级类个位名些所部组区省市县度段型性费销访率医药病患触覆盖渠线标目产品值率占比值这那么什为个和不就都被把让请给我你他她它按占较"
)
"""Characters that no believable candidate holds beside a title: they build sentences or business words."""

MINORITY_PARTS = tuple(
    _words(
        "买买提江 买买提 买合木提 艾力 艾山 艾尼瓦尔 艾合买提 阿不都 阿卜杜 阿布都 阿布来提 阿依努尔 阿依古丽 阿孜古丽 阿迪力 吐尔逊 吐尔洪 热合曼 热西提 热依汗 依米提 依明 努尔江 "
        "努尔古丽 玉素甫 玉山 古丽娜 古丽 帕提古丽 帕尔哈提 木塔力甫 库尔班 巴合提 巴拉提 肉孜 吾甫尔 卡德尔 托合提 哈斯木 司马义 达吾提 尼牙孜 尼加提 赛买提 买尔旦 迪丽娜尔 迪力夏提 "
        "扎西 卓玛 次仁 多吉 格桑 央金 旺堆 旦增 丹增 平措 罗布 达瓦 尼玛 顿珠 拉姆 白玛 巴特尔 其其格 格日勒 乌云 苏日娜 娜仁 斯琴 高娃 朝鲁 那顺 布和 "
        "图门 巴雅尔 敖登 萨仁 图雅 托娅 额尔德尼 孟和 宝力德 呼和 其木格 琪琪格 阿拉坦 苏和 毕力格 巴图 牧仁 特木尔 乌日娜 阿古拉 哈斯 布赫 巴根 阿木尔 青格乐 "
        "洛桑 罗桑 阿旺 晋美 仁增 强巴 索朗 边巴 普布 巴桑 桑珠 德吉 曲珍 卓嘎 仓决 加措 嘉措 江措 贡布 贡嘎 泽仁 旺姆 拉毛 才让 多杰 尕藏 才旦 占堆 群培 赤列 班觉 旺久 "
        "艾麦提 木合塔尔 艾则孜 热合木 阿不都拉 阿布力孜 克里木 麦麦提 图尔荪 图尔贡 阿不都热依木 阿布都热依木 吐尔地 祖丽皮亚 阿提克 努尔兰 叶尔兰 哈力克 巴合提古丽 叶尔肯 加娜尔"
    )
)
"""Parts of Uygur, Kazakh, Tibetan and Mongolian names as they are written in Chinese; two together are a name."""

NOT_NAMES = frozenset(
    _words(
        "康复 唐山 桂林 齐齐哈尔 连云港 黄石 安顺 安庆 安康 常德 承德 白银 白山 池州 甘南 甘孜 海东 汉中 贺州 黄冈 黄南 吉安 江门 金昌 景德 乐山 林芝 龙岩 娄底 吕梁 梅州 南平 南充 宁德 平凉 莆田 钦州 "
        "曲靖 荣成 石嘴山 台州 泰安 泰州 天水 文山 文昌 武威 咸宁 湘潭 邢台 许昌 延安 阳江 阳泉 宜宾 永州 玉林 玉溪 岳阳 云浮 章丘 钟祥 舟山 诸暨 庄河 邹平 黎明 高明 高原 高端 高频 "
        "高危 谢谢 平台 平安 安徽 和平 马上 方便 方向 常见 常用 康宁 康和 金牌 成长 成熟 成功 白领 石油 温和 温暖 文化 应用 明年 时尚 路演 关键 项目 高层 单次 高峰期 "
        "毛利润 毛利额 毛收入 宋体 夏令营 康养 姜茶 葛根 那帮 那批 那群 那拨 那伙 那片 那堆 那阵 那样 那时 江运 陆运 周活 时薪 平效 坪效 文旅 文创 车贷 房贷 农贷 季卡 年卡 月活"
    )
) - {"文化"} - ALSO_NAMES
"""Words that the dictionary holds to be names, or does not hold, and that business sentences use."""


_TOO_RARE, _PAIR = 2, 2


@lru_cache(maxsize=1)
def dictionary() -> str:
    """The text of jieba's dictionary: a line each word, with its count and its tag; empty where jieba is not installed."""
    spec = find_spec("jieba")
    if spec is None or not spec.submodule_search_locations:
        return ""
    return "\n" + Path(spec.submodule_search_locations[0], "dict.txt").read_text(encoding="utf-8")


@lru_cache(maxsize=1)
def word_counts() -> dict[str, int]:
    """Words of jieba's dictionary with their counts, without those that are tagged as names and can be one."""
    counts: dict[str, int] = {}
    for word, count, tag in re.findall(r"\n(\S+) (\d+) (\w+)", dictionary()):
        if tag in {"nr", "nrfg"} and len(word) > 1 and split_name(word) is not None and word not in NOT_NAMES and word not in MORE_THINGS and word not in ALSO_NAMES:
            continue
        counts[word] = int(count)
    return counts


@lru_cache(maxsize=1)
def named_words() -> dict[str, int]:
    """Words of the dictionary that are tagged as names of persons, with their counts."""
    return {word: int(count) for word, count in re.findall(r"\n(\S+) (\d+) (?:nr|nrfg)(?=\n)", dictionary())}


@lru_cache(maxsize=1)
def everyday_words() -> frozenset[str]:
    """Words of two to four characters that begin like a name and are none, from jieba's dictionary (whose tags nr… are names)."""
    starts = "".join(SURNAMES | {name[0] for name in COMPOUND_SURNAMES})
    found = re.findall(rf"\n([{starts}]\S{{1,3}}) (\d+) (?!nr)", dictionary())
    return NOT_NAMES.union(MORE_THINGS, BUSINESS_WORDS, THINGS, (word for word, count in found if int(count) > _TOO_RARE)) - ALSO_NAMES


@lru_cache(maxsize=1)
def word_stems() -> frozenset[str]:
    """Words of two characters that the dictionary takes for names and that begin other words of it which are none: 毛利 (毛利率), 雷达 (雷达遥感), 温泉.

    People bear some of them, so only a name without a title is doubted for it.
    """
    starts = "".join(COMMON_SURNAMES)
    whole = dictionary()
    named = set(re.findall(rf"\n([{starts}]\S) \d+ nr", whole))
    return frozenset(stem for stem in re.findall(rf"\n([{starts}]\S)\S+ \d+ (?!nr)", whole) if stem in named)


@lru_cache(maxsize=1)
def _short_words() -> frozenset[str]:
    return frozenset(re.findall(r"\n(\S\S) \d+ (?!nr)", dictionary()))


@lru_cache(maxsize=1)
def short_places() -> frozenset[str]:
    """Words of two characters that the dictionary holds to be places: 吴江, 金陵."""
    return _short_places()


@lru_cache(maxsize=1)
def _short_places() -> frozenset[str]:
    whole = dictionary()
    found = set(re.findall(r"\n(\S\S) \d+ ns", whole))
    # What the dictionary takes for a person and knows as a district or a county as well: 兰考 (兰考县).
    districts = set(re.findall(r"\n(\S\S)[省市区县旗镇州] \d+ (?:ns|nr)", whole))
    return frozenset(found | districts | {place for place in PLACES if len(place) == _PAIR}) - ALSO_NAMES


@lru_cache(maxsize=1)
def named_places() -> frozenset[str]:
    """Places of the dictionary, of two characters and more."""
    return (short_places() | _places() | PLACES) - ALSO_NAMES


@lru_cache(maxsize=1)
def _places() -> frozenset[str]:
    return frozenset(re.findall(r"\n(\S{3,5}) \d+ ns", dictionary()))


def _is_word(text: str) -> bool:
    return text in _short_words()


def split_name(text: str) -> tuple[str, str] | None:
    """Split simplified Chinese characters into surname and given name, or None when they can't be one.

    Two to four characters: a single surname and one or two characters, or a compound surname and one or two.
    """
    if text[:2] in COMPOUND_SURNAMES and len(text) in {3, 4}:
        return text[:2], text[2:]
    if text[:1] in SURNAMES and len(text) in {2, 3}:
        return text[:1], text[1:]
    return None


def is_titled_name(text: str) -> bool:
    """Whether `text`, found beside a title, can be a person's name: a surname and a given name, and not an everyday word."""
    parts = split_name(text)
    if parts is None:
        return False
    surname, given = parts
    if text in ALSO_NAMES:
        return True
    if any(char in NOT_GIVEN for char in given):
        return False
    plausible = all(char in GIVEN for char in given)
    if text in everyday_words():
        return False
    if not plausible and len(given) > 1 and len(surname) == 1 and _is_word(given):
        return False
    return plausible or surname in COMMON_SURNAMES or len(surname) > 1


def is_married_name(text: str) -> bool:
    """Whether four characters are a husband's surname before a whole name, as in Taiwan and Hong Kong: 陈林淑贞."""
    return text[:1] in COMMON_SURNAMES and text[1:2] in COMMON_SURNAMES and text[0] != text[1] and not {text, text[:2]} & (everyday_words() | named_places()) and text[:2] not in COMPOUND_SURNAMES and is_titled_name(text[1:])


_WEEKDAYS = frozenset("一二三四五六日末天")


def is_bare_name(text: str) -> bool:
    """Whether `text` can be believed a name without a title: common surname, usual given name, not an everyday word."""
    parts = split_name(text)
    if parts is None or text in everyday_words() or text in ALSO_NAMES or text in word_stems() or text in named_places():
        return False
    surname, given = parts
    if surname == "周" and given[0] in _WEEKDAYS:
        return False
    return (surname in COMMON_SURNAMES or len(surname) > 1) and all(
        char in GIVEN and char not in NOT_GIVEN for char in given
    )


def is_lone_surname(text: str) -> bool:
    """Whether `text` is a surname that points at a person when only a title follows."""
    return text in _BARE_WITH_TITLE or text in COMPOUND_SURNAMES


def crosses_word(text: str, start: int, end: int) -> bool:
    """Whether what looks like a name at `text[start:end]` begins inside another word: 提高 in 提高平均, 乌鲁木齐."""
    if start == 0 or not "\u3400" <= text[start - 1] <= "\u9fff":
        return False
    return _is_word(text[start - 1 : start + 1]) or any(
        (text[left:end] in _places() or text[left:end] in NOT_NAMES) for left in range(max(0, start - 3), start)
    )


# --------------------------------------------------------------------------- Latin letters

PINYIN_SURNAMES = pinyin.SURNAMES
_SYLLABLE = f"(?:{'|'.join(sorted(pinyin.SYLLABLES, key=len, reverse=True))})"
_GIVEN_LATIN = re.compile(rf"{_SYLLABLE}(?:[\s\-]?{_SYLLABLE})?")
_ONE_SYLLABLE = re.compile(_SYLLABLE)
_ENGLISH = frozenset(
    _words(
        "can men long song fan fang gang hang pan ran sang tan wan ban bang die she he you me to so no go do be we an in on more or are use one line the"
    )
)


def is_pinyin_name(surname: str, given: str, *, syllables: int = 1) -> bool:
    """Whether two capitalised words are a romanised Chinese name; `syllables` is how many the given name has at least."""
    family, first = surname.lower(), given.lower()
    if family not in PINYIN_SURNAMES or f"{family} {first}" in pinyin.PLACES or f"{first} {family}" in pinyin.PLACES or first in _ENGLISH:
        return False
    return _GIVEN_LATIN.fullmatch(first) is not None and (syllables == 1 or _ONE_SYLLABLE.fullmatch(first) is None)


def is_syllable(word: str) -> bool:
    """Whether a word in lower case is one syllable of pinyin and no everyday word of English."""
    return word not in _ENGLISH and _ONE_SYLLABLE.fullmatch(word) is not None


def is_english(word: str) -> bool:
    """Whether a syllable of pinyin is an everyday word of English as well."""
    return word.lower() in _ENGLISH
