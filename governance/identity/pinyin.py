"""Pinyin without tones: the syllables of the standard language, surnames, and places that read like names."""

from __future__ import annotations

_SYLLABLES = (
    "a ai an ang ao ba bai ban bang bao bei ben beng bi bian biao bie bin bing bo bu ca cai can cang cao ce cen ceng cha chai chan chang chao che "
    "chen cheng chi chong chou chu chua chuai chuan chuang chui chun chuo ci cong cou cu cuan cui cun cuo da dai dan dang dao de den deng di dian "
    "diao die ding diu dong dou du duan dui dun duo e ei en eng er fa fan fang fei fen feng fiao fo fou fu ga gai gan gang gao ge gei gen geng "
    "gong gou gu gua guai guan guang gui gun guo ha hai han hang hao he hei hen heng hong hou hu hua huai huan huang hui hun huo ji jia jian "
    "jiang jiao jie jin jing jiong jiu ju juan jue jun ka kai kan kang kao ke ken keng kong kou ku kua kuai kuan kuang kui kun kuo la lai lan "
    "lang lao le lei leng li lia lian liang liao lie lin ling liu lo long lou lu luan lun luo lv lve lyu ma mai man mang mao me mei men meng mi "
    "mian miao mie min ming miu mo mou mu na nai nan nang nao ne nei nen neng ni nian niang niao nie nin ning niu nong nou nu nuan nun nuo nv nve "
    "nyu o ou pa pai pan pang pao pei pen peng pi pian piao pie pin ping po pou pu qi qia qian qiang qiao qie qin qing qiong qiu qu quan que qun "
    "ran rang rao re ren reng ri rong rou ru rua ruan rui run ruo sa sai san sang sao se sen seng sha shai shan shang shao she shen sheng shi "
    "shou shu shua shuai shuan shuang shui shun shuo si song sou su suan sui sun suo ta tai tan tang tao te teng ti tian tiao tie ting tong tou "
    "tu tuan tui tun tuo wa wai wan wang wei wen weng wo wu xi xia xian xiang xiao xie xin xing xiong xiu xu xuan xue xun ya yan yang yao ye yi "
    "yin ying yo yong you yu yuan yue yun za zai zan zang zao ze zei zen zeng zha zhai zhan zhang zhao zhe zhen zheng zhi zhong zhou zhu zhua "
    "zhuai zhuan zhuang zhui zhun zhuo zi zong zou zu zuan zui zun zuo"
)
_SURNAMES = (
    "ai aixin an ao ba bai baili ban bao bi bian bin bing bo cai cao cen ceng cha chai chang changsun chanyu chao che chen cheng chi chou chu "
    "chunyu cong cui da dai dan dang dao deng di diao ding diwu dong dongfang dongguo dou du duan duanmu dugu er fan fang fanjiang fei feng fu "
    "gai gan gao ge geng geshu gong gongliang gongsun gongxi gongyang gongye gongyi gou gu guan gui guliang guo ha hai han hang hao he helan "
    "helian heng heruo hong hou houmo hu hua huan huang huangfu hui hulv huo huyan ji jia jian jiang jiao jie jin jing ju kang ke kong kou kuai "
    "kuang kui lai lan lang lao le lei leng lezheng li lian liang liangqiu liao lin ling linghu liu long lou lu luan lun luo lv lvqiu lyu ma mai "
    "man mao mei men meng mi miao mie min ming mo moqi mou mu murong na nala nalan nan nangong nanmen nanrong ni nie ning niu nong nuo ou ouhou "
    "ouyang pan pang pei peng pi ping pu puyang qi qian qiang qiao qidiao qie qiguan qin qing qiu qu quan que ran rao ren rong ru ruan rui sang "
    "sha shang shangguan shao she shen sheng shentu shi shou shu shuai shui si sikong sikou sima situ song su sui sun suo tai taishi tan tang "
    "tantai tao teng tian tie tong tu tuo tuoba wan wang wanyan wei weichi wen weng wenren wu wuma xi xia xiahou xian xiang xianyu xiao xie "
    "xiling ximen xin xing xiong xiu xu xuan xuanyuan xue xun yan yang yao ye yehe yelv yi yin ying yong you yu yuan yuchi yue yun yuwen zan zang "
    "zeng zha zhai zhan zhang zhangjian zhangsun zhao zhe zhen zheng zhi zhong zhongli zhongsun zhongzhang zhou zhu zhuang zhuansun zhuge zhuo zi "
    "zisang zong zongzheng zou zu zuo zuoqiu"
)
_PLACES = (
    "hong kong", "kong hong", "hong kou", "pu dong", "tai wan", "wan chai", "sha tin", "an hui", "he fei", "jiang su", "shan tou",
    "he nan",
    "he bei",
    "hu nan",
    "hu bei",
    "an hui",
    "shan xi",
    "jiang su",
    "jiang xi",
    "fu jian",
    "yun nan",
    "ji lin",
    "wu han",
    "ning xia",
    "su zhou",
    "hang zhou",
    "guang zhou",
    "zheng zhou",
    "nan jing",
    "cheng du",
    "tian jin",
    "shang hai",
    "xia men",
    "da lian",
    "qing dao",
    "shen zhen",
    "wu xi",
    "ning bo",
    "chang sha",
    "gui zhou",
    "gan su",
    "guang xi",
    "guang dong",
    "shan dong",
    "zhe jiang",
    "hai nan",
    "tai wan",
    "kun ming",
    "nan ning",
    "shen yang",
    "he fei",
    "yin chuan",
    "lan zhou",
    "xin jiang",
    "xi zang",
    "xi an",
    "xi ning",
    "wen zhou",
    "nan chang",
    "tai yuan",
    "nan tong",
    "tai zhou",
    "yang zhou",
    "chang zhou",
    "zhu hai",
    "yan tai",
    "wei fang",
    "tang shan",
    "lin yi",
    "luo yang",
    "jin hua",
    "jia xing",
    "hu zhou",
    "shao xing",
    "quan zhou",
    "zhang zhou",
    "hui zhou",
    "jiang men",
    "zhong shan",
    "fo shan",
    "dong guan",
    "zhan jiang",
    "mao ming",
    "bao ding",
    "tai chi",
    "feng shui",
    "long hua",
    "pu dong",
    "pu xi",
    "bai du",
    "wei bo",
    "wei xin",
    "tao bao",
    "jing dong",
    "mei tuan",
    "hua wei",
    "xiao mi",
    "dou yin",
    "kuai shou",
    "tian mao",
    "qing ming",
)

SYLLABLES = frozenset(_SYLLABLES.split())
"""Every syllable, ü as v, u and yu."""
SURNAMES = frozenset(_SURNAMES.split())
"""Surnames, compound ones in one word."""
PLACES = frozenset(_PLACES)
"""Places (and things) whose two syllables are a surname and a given name as well."""
