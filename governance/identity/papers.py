"""Finders of what papers, vehicles, places and machines are known by: passports, permits, plates, addresses, credit codes, IP addresses, QQ numbers.

Each works on folded text and yields (start, end, score). A score below one half says that only a word nearby can make it believable
(`CONTEXT`; the enhancer in `recognizers` looks for it). Sources: GA 36-2018 (plates), GB 32100-2015 (credit codes), GB/T 2260 (region codes).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator

from governance.identity.written import is_credit_code

Span = tuple[int, int, float]
Finder = Callable[[str], Iterator[Span]]
UNSURE = 0.3

_NO_LETTER_BEFORE, _NO_LETTER_AFTER = r"(?<![A-Za-z0-9])", r"(?![A-Za-z0-9])"
_MARK = r"[\s\-._/·,、~*+—]{0,3}"
_PASSPORT = re.compile(rf"{_NO_LETTER_BEFORE}(?:[A-Z][A-Z]?(?:{_MARK}\d){{6,8}}|\d{{9}}|(?=[A-Z]{{0,3}}\d)(?=\d*[A-Z])[A-Z0-9]{{9}}){_NO_LETTER_AFTER}", re.IGNORECASE)
_CHINESE_PASSPORT = re.compile(rf"{_NO_LETTER_BEFORE}(?:E(?!(?:19|20)\d\d(?:0[1-9]|1[0-2])|000)\d{{8}}|E[A-HJ-NP-Z]\d{{7}}){_NO_LETTER_AFTER}", re.IGNORECASE)
"""The form of today's ordinary passports, which hardly anything else has."""
_PERMIT = re.compile(rf"{_NO_LETTER_BEFORE}(?:[CHMWLT][A-Z]?[ \-]?\d{{4}}[ \-]?\d{{3,4}}(?:\d{{2}})?|\d{{8}}(?:\d{{2}}(?:\([A-Z0-9]\))?)?|[A-Z]{{3}}\d{{12}}|8[123]0000\d{{12}}){_NO_LETTER_AFTER}", re.IGNORECASE)
_THINGS = (
    "订单|运单|快递|物流|流水|发票|合同|协议|批号|批次|条码|条形码|追溯码|序列|设备|型号|货号|料号|物料|资产|凭证|单据|交易|报销|采购|工单|申请|受理|注册证|备案|批准文号|准字|版本|编译|端口|"
    "商品|产品编|药品编|项目|任务|会议|直播间|房间|频道|文号|文件号|档案|课题|基金|专利|标准号|试验|方案号|入库|出库|提单|箱号|柜号|仓单|保单|工程|模板|账期|期号|单号|编次|页码|章节|"
    "order|batch|lot|serial|sku|imei|isbn|ean|invoice|contract|ticket|tracking|version|build|case|trial|po|sn|ref|reference|item|part|model|asset|transaction"
)
_CALLED = re.compile(rf"(?:{_THINGS})[\u4e00-\u9fffA-Za-z.]{{0,4}}\s?(?:是|为|[:#=no.\-])*\s?$", re.IGNORECASE)
_OF_CARD = re.compile(r"(?:卡|账户?|帐户?)号?码?(?:是|为|[:：])?\s?$")
"""A thing's number may stand on a card or an account, which is a person's: 报销卡号."""
_PROVINCE = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使领"
_PLATE = re.compile(
    rf"(?:WJ\s?)?[{_PROVINCE}]\s?[A-HJ-NP-Z][ ·\-.]{{0,2}}(?:(?:[DF][A-HJ-NP-Z0-9]\d{{4}}|\d{{5}}[DF])|(?=[A-HJ-NP-Z]{{0,4}}\d)[A-HJ-NP-Z0-9]{{4}}[A-HJ-NP-Z0-9挂学警港澳领][挂学警港澳领]?)(?![A-Za-z0-9])"
    r"|WJ\s?[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼]\s?\d{4}[\dA-Z](?![A-Za-z0-9])|使\d{6}(?!\d)",
    re.IGNORECASE,
)
_HAN = r"\u3400-\u9fff"
_NUMBER = r"(?:[甲乙丙丁附]?[0-9零〇一二三四五六七八九十百千]{1,8}|\d{1,5}[甲乙丙丁]\d{0,4})"
_DOOR = rf"(?:[ ]?{_NUMBER}(?:-\d{{1,4}})?[ ]?(?:号楼|号院|号|弄|栋|幢|座|楼|单元|室|层|门)[ ]?)"
_ADMIN = rf"[{_HAN}]{{2,9}}?(?:省|自治区|特别行政区|市|区|县|旗|镇|乡|街道|州|盟)[ ]?"
_TAIL = rf"(?:(?:(?![的在和是有了与及])[{_HAN}A-Za-z0-9 \-]){{0,14}}?(?:座|栋|幢|楼|室|层|单元|号|户|房|院|塔|厦)(?:\d{{1,4}}(?:-\d{{1,4}})?(?!\d)[室号]?)?){{0,3}}(?:(?<=[号楼弄栋幢座])\d{{1,4}}(?:-\d{{1,4}}){{0,2}}(?!\d))?"
_ADDRESS = re.compile(
    rf"(?:{_ADMIN}){{0,4}}[{_HAN}\d]{{1,12}}?"
    rf"(?:路|街|大道|大街|胡同|巷|弄|村|里|小区|花园|公寓|新村|社区|苑|庄|屯|府|庭|家园|道)(?:[东南西北中]?[一二三四五六七八九十]段|[东南西北中](?=[ \d]))?[ ]?{_DOOR}(?:[{_HAN}]{{0,8}}?(?:小区|花园|公寓|大厦|苑|园))?{_DOOR}{{0,4}}(?:附\d{{1,3}}号)?(?:\d{{1,4}}(?:-\d{{1,4}}){{0,2}}(?![\d%.])室?)?{_TAIL}"
    rf"|(?:{_ADMIN}){{1,4}}[{_HAN}]{{1,8}}?(?:村|庄|屯|寨|营)(?:[一二三四五六七八九十\d]{{1,3}}|[{_HAN}]{{1,4}}?)(?:组|社|队|号)(?:\d{{1,4}}(?:号|户))?"
    rf"|[{_HAN}]{{2,14}}?\d{{1,4}}(?:号楼|号院|栋|幢|座)\d{{1,3}}(?:单元|门)\d{{1,5}}(?:室|号|户|(?!\d))"
    rf"|[{_HAN}]{{2,14}}?(?:[东南西北中一二三四五六七八九十]区|苑|园|里|庭|城|湾|院|宿舍)\d{{1,4}}(?:号楼|栋|幢|座)(?:\d{{1,3}}(?:单元|门))?\d{{1,5}}(?:室|户)"
    rf"|(?:{_ADMIN}){{1,4}}[{_HAN}]{{1,8}}?[甲乙丙丁]\d{{1,5}}号(?:[{_HAN}]{{0,6}}?\d{{1,4}}(?:室|层|户))?"
    rf"|(?:[A-Z][a-z]+\s){{1,5}}(?:Road|Rd|Street|St|Avenue|Ave|Lane|Boulevard|Blvd)\.?,?\s(?:No\.?\s?)?\d{{1,5}}[A-Z]?(?:,\s(?:[Aa]partment|[Aa]pt|[Rr]oom|[Uu]nit|[Ff]lat|[Bb]uilding|[Ff]loor|[Ss]uite)\.?\s?[A-Z]?\d{{1,5}}){{0,3}}"
    rf"|(?:{_ADMIN}){{0,4}}[{_HAN}]{{1,8}}?(?:路|街|大道|巷|弄)(?:\d{{1,5}}号?之\d{{1,4}}号?|\d{{1,5}}[甲乙丙丁]号?\d{{0,4}}号?)(?:\d{{1,4}}[室楼层])?"
    rf"|[{_HAN}]{{2,10}}?(?:小区|花园|公寓|新村|苑|家园|城|府|庭|里|村)\d{{1,3}}(?:-\d{{1,3}}){{0,2}}-\d{{2,4}}(?!\d)"
    rf"|(?:{_ADMIN}){{1,4}}[{_HAN}]{{2,10}}?(?:园|园区|基地|开发区|工业区|南区|北区|东区|西区)[A-Z]?\d{{0,3}}(?:-[A-Z\d]{{1,4}})?(?:栋|座|幢|号楼|楼)(?:\d{{1,4}}(?:楼|层|室))?"
    rf"|(?:(?:Room|Rm|Suite|Flat|Unit|Apt|Apartment|Building|Bldg|Block|Tower|Floor|Fl)\.?\s?[A-Z]?\d{{1,5}}[A-Z]?,?\s){{0,4}}(?:No\.?\s?)?\d{{1,5}}[A-Z]?,?\s(?:[A-Z][a-z]+\s){{1,4}}(?:Road|Rd|Street|St|Avenue|Ave|Lane|Boulevard|Blvd)(?![a-z])\.?(?:,\s(?:[A-Z][a-z]+\s?){{1,3}}(?:District|City|Province)?){{0,3}}"
)
_ADDRESS_SIGN = re.compile(r"(?:[0-9零〇一二三四五六七八九十百千][ ]?|[村庄屯寨营][\u3400-\u9fff]{1,4})(?:[号弄栋幢座楼单元室层门组社队甲乙丙丁之-])|\d\d?-\d|[Rr]oad|Rd|[Ss]t|Ave|Lane|Blvd|[座栋幢楼]\d")
_CREDIT_CODE = re.compile(rf"{_NO_LETTER_BEFORE}[0-9A-HJ-NPQRTUWXY]{{2}}\d{{6}}[0-9A-HJ-NPQRTUWXY]{{10}}{_NO_LETTER_AFTER}", re.IGNORECASE)
_GROUPED_CREDIT_CODE = re.compile(rf"{_NO_LETTER_BEFORE}[1-9ANY](?:{_MARK}[0-9A-HJ-NPQRTUWXY]){{17}}{_NO_LETTER_AFTER}", re.IGNORECASE)
_OCTET = r"(?:25[0-5]|2[0-4]\d|1\d\d|0{0,2}[1-9]?\d)"
_IP4 = re.compile(rf"(?<![\d.])(?:{_OCTET}\s?[.。]\s?){{3}}{_OCTET}(?![\d.]*\d)")
_VERSION = re.compile(r"(?:版本号?|固件|补丁|客户端|安装包|内核|驱动|插件|系统|软件|微信|浏览器|小程序|(?:升级?|更新|降级?|回退|回滚|退回)(?:到了?|至|为)?|version|ver\.?|build|release|update|upgraded?|(?<![A-Za-z])(?:app|sdk|rc|v))\s?(?:版本号?|是|为|从|to|[:=v(（])?\s?$", re.IGNORECASE)
_IP6 = re.compile(r"(?<![0-9A-Fa-f:.])(?:[0-9A-Fa-f]{0,4}:){2,7}(?:(?:\d{1,3}\.){3}\d{1,3}|[0-9A-Fa-f]{1,4})?(?![0-9A-Fa-f:])")
_IP6_GROUPS = 3
_OFTEN_A_SECTION = 30
"""Four numbers that are all smaller are a section's or a version's, where nothing says that they are an address."""
_QQ = re.compile(r"(?<![A-Za-z])(?:Q{1,2}|扣扣|企鹅)\s?(?:号码?|群|账号|帐号|id)?\s?(?:是|为|[:=(\[【])?\s?(?P<number>[1-9]\d{4,10}|[1-9]\d{2,4}[ \-]\d{3,4}(?:[ \-]\d{1,4})?)(?!\d)", re.IGNORECASE)


def is_called_otherwise(text: str, start: int) -> bool:
    """Whether the words directly before a number say that it is the number of a thing: 订单编号, batch no."""
    before = text[max(0, start - 18) : start]
    return _CALLED.search(before) is not None and _OF_CARD.search(before) is None


def passports(text: str) -> Iterator[Span]:
    """Passports of China and others of that form; believed beside a word that says so."""
    for match in _CHINESE_PASSPORT.finditer(text):
        if not is_called_otherwise(text, match.start()):
            yield match.start(), match.end(), 0.55
    for match in _PASSPORT.finditer(text):
        yield match.start(), match.end(), UNSURE


def permits(text: str) -> Iterator[Span]:
    """Travel permits of Hong Kong, Macao and Taiwan residents and foreigners' residence permits; believed beside a word that says so."""
    for match in _PERMIT.finditer(text):
        yield match.start(), match.end(), UNSURE


def plates(text: str) -> Iterator[Span]:
    """Number plates, those of new-energy vehicles too."""
    for match in _PLATE.finditer(text):
        yield match.start(), match.end(), 0.85


def addresses(text: str) -> Iterator[Span]:
    """Postal addresses down to a house number."""
    if _ADDRESS_SIGN.search(text):
        for match in _ADDRESS.finditer(text):
            yield match.start(), match.end(), 0.75


def credit_codes(text: str) -> Iterator[Span]:
    """统一社会信用代码 whose check character is right: a firm's, and so a one-person firm's owner's."""
    for pattern in (_CREDIT_CODE, _GROUPED_CREDIT_CODE):
        for match in pattern.finditer(text):
            if is_credit_code(re.sub(r"[\W_]", "", match[0]).upper()):
                yield match.start(), match.end(), 0.95


def ip_addresses(text: str) -> Iterator[Span]:
    """IPv4 and IPv6 addresses."""
    for match in _IP4.finditer(text):
        if not _VERSION.search(text[max(0, match.start() - 10) : match.start()]):
            yield match.start(), match.end(), UNSURE if all(int(part) < _OFTEN_A_SECTION for part in re.split(r"\D+", match[0])) else 0.8
    for match in _IP6.finditer(text):
        told = match[0].count(":") >= _IP6_GROUPS or "::" in match[0]
        if told and len(match[0]) > _IP6_GROUPS and _is_ip6(match[0]):
            yield match.start(), match.end(), 0.85


def _is_ip6(text: str) -> bool:
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return True


def qq_numbers(text: str) -> Iterator[Span]:
    """QQ numbers, named as such."""
    for match in _QQ.finditer(text):
        yield match.start("number"), match.end("number"), 0.85


CONTEXT = {
    "mobile": ("手机", "电话", "号码", "号是", "拨打", "打给", "致电", "回电", "联系", "短信", "mobile", "phone", "cell", "tel"),
    "passport": ("护照", "passport"),
    "ip": ("ip", "地址", "登录", "登入", "服务器", "网关", "vpn", "端口", "主机", "内网", "公网", "外网", "出口", "访问", "来源", "源", "请求", "代理", "节点", "网段", "host", "server", "address", "ping", "login", "client", "remote", "source"),
    "permit": ("居留", "永居", "回乡", "residence", "home return", "entry permit", "mainland travel", "taiwan compatriot", "通行证", "回乡证", "台胞证", "居住证", "居留证", "居留许可", "permit", "港澳证", "台湾证"),
    "landline": ("电话", "座机", "固话", "办公室", "分机", "总机", "传真", "tel", "phone", "fax"),
    "license": ("执业", "资格", "医师证", "证书", "证号", "编码", "license", "licence", "certificate"),
    "id_card": ("身份证", "证件", "id card", "id no", "identity"),
    "bank_card": ("卡号", "银行卡", "账号", "账户", "信用卡", "借记卡", "bank", "card", "account"),
}
"""Words that make an unsure finding of a kind believable."""
