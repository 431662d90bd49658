"""The rules: each looks at one person's day against the days before and says in a sentence what is unusual, and how strongly."""

from __future__ import annotations

import hashlib
import re
import statistics
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from governance.documents.review import Thresholds
from governance.terms import Language, Text
from wenshu.desk.findings.habits import Day, Group, Person

Severity = Literal["harm", "attention", "notice"]
HISTORY = 30
"""Active days before that a person's usual day is taken from."""
ESTABLISHED = 5
"""Active days after which a person has habits."""
OFF_SHARE = 0.3
"""A person who works at such hours this often is not unusual at them."""
OFF_DAYS = 2
"""Nor is one who did so on so many days before."""
BUSY, PEERS, TWICE = 0.95, 20, 2
"""Somebody without habits yet is held against twice the day of all but the busiest of their role, where so many days of others are known; else against twice the floor."""
MARK = re.compile(r"⟦([a-z_]+):([^⟧]*)⟧")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that wants an eye. `strength` is the observed over what is allowed (1 and more); `events` are the numbers of the first ones behind it.

    `filter` is the ledger filter under which all of them are found.
    """

    id: str
    rule: str
    severity: Severity
    person: str
    department: str | None
    day: str
    strength: float
    sentence: Text
    count: int
    events: tuple[int, ...]
    filter: Mapping[str, str]
    demo: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What a rule looks at: one day of one person, with the days before it in order, oldest first."""

    person: Person
    name: str
    day: Day
    before: tuple[Day, ...]
    limits: Thresholds
    peers: Callable[[], list[int]]
    """Questions a day of others of the same role, on days before, in order of size."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Struck:
    """What a rule found."""

    strength: float
    sentence: Text
    group: Group
    filter: Mapping[str, str]
    severity: Severity = "attention"


def mark(name: str, values: Iterable[str]) -> str:
    """Stand-in for ids within a sentence, which `named` turns into what they are called when the sentence is read."""
    return f"⟦{name}:{','.join(values)}⟧"


def named(sentence: Text, listed: Callable[[str, list[str]], Text]) -> Text:
    """Return the sentence with its ids called by what `listed` says of a filter's values."""

    def said(language: Language) -> str:
        return MARK.sub(lambda found: listed(found[1], found[2].split(","))[language], sentence[language])

    return Text(zh=said("zh"), en=said("en"))


Look = Callable[[Case], "Struck | None"]


def _volume(case: Case) -> Struck | None:
    done, limits = case.day.ended.count, case.limits
    usual = statistics.median([day.ended.count for day in case.before]) if len(case.before) >= ESTABLISHED else 0
    if done <= max(limits.volume_floor, limits.volume_times * usual):
        return None
    peers = [] if usual else case.peers()
    busy = peers[int(BUSY * (len(peers) - 1))] if len(peers) >= PEERS else 0
    allowed = max(limits.volume_floor, limits.volume_times * usual if usual else TWICE * (busy or limits.volume_floor))
    if done <= allowed:
        return None
    if usual:
        compared = Text(zh=f"平时一天约 {usual:g} 次。", en=f"a usual day has about {usual:g}.")
    elif busy:
        compared = Text(zh=f"同角色的人一天很少超过 {busy} 次（本人尚无足够的往日可比）。", en=f"others of the role rarely ask more than {busy} (too few days of their own to compare).")
    else:
        compared = Text(zh=f"超过 {allowed:g} 次的上限（尚无足够的往日可比）。", en=f"more than {allowed:g} (too few days before to compare).")
    zh, en = f"{case.person.id} 当天提问 {done} 次，{compared.zh}", f"{case.person.id} asked {done} questions that day; {compared.en}"
    return Struck(strength=done / allowed, sentence=Text(zh=zh, en=en), group=case.day.ended, filter={"type": "outcome"})


def _hours(case: Case) -> Struck | None:
    count = case.day.off_hours.count
    all_before, off_before = sum(day.ended.count for day in case.before), sum(day.off_hours.count for day in case.before)
    habit = sum(2 * day.off_hours.count >= case.limits.off_hours for day in case.before) >= OFF_DAYS
    if count < case.limits.off_hours or habit or (len(case.before) >= ESTABLISHED and all_before and off_before / all_before > OFF_SHARE):
        return None
    zh = f"{case.person.id} 在非工作时间提问 {count} 次；此前 {all_before} 次中只有 {off_before} 次在非工作时间。"
    en = f"{case.person.id} asked {count} questions outside working hours; of {all_before} before, {off_before} were."
    return Struck(strength=count / case.limits.off_hours, sentence=Text(zh=zh, en=en), group=case.day.off_hours, filter={"type": "outcome"}, severity="attention" if len(case.before) >= ESTABLISHED else "notice")


def _new(case: Case) -> Struck | None:
    names = list(dict.fromkeys(case.day.new_metrics))
    active = [day for day in case.before if day.ended.count]
    if len(active) < ESTABLISHED or len(names) < case.limits.new_metrics:
        return None
    shown = mark("metric", names[:6]) + (" …" if len(names) > 6 else "")
    zh = f"{case.person.id} 一天内第一次问到 {len(names)} 个此前从未问过的指标：{shown}。"
    en = f"{case.person.id} asked {len(names)} metrics in one day that they never asked before: {shown}."
    return Struck(strength=len(names) / case.limits.new_metrics, sentence=Text(zh=zh, en=en), group=case.day.new, filter={"type": "outcome", "metric": ",".join(names), "outcome": "answered"})


def _refusals(case: Case) -> Struck | None:
    count = case.day.refused.count - case.day.grave.count - case.day.differencing.count
    if count < case.limits.refusals:
        return None
    often = [f"{mark('code', [code])} {number}" for code, number in case.day.codes.most_common(3)]
    zh = f"{case.person.id} 当天被拒 {case.day.refused.count} 次（{'、'.join(often)}），像是在试探边界。"
    en = f"{case.person.id} was refused {case.day.refused.count} times that day ({', '.join(often)}), which looks like trying the limits."
    return Struck(strength=count / case.limits.refusals, sentence=Text(zh=zh, en=en), group=case.day.refused, filter={"type": "outcome", "outcome": "refused"})


def _grave(case: Case) -> Struck | None:
    count = case.day.grave.count
    if count < case.limits.grave_refusals:
        return None
    zh = f"{case.person.id} 当天 {count} 次追问个人或处方（统方红线），均被拒绝。"
    en = f"{case.person.id} asked {count} times that day for single persons or prescriptions (the red line); all were refused."
    codes = ",".join(sorted(code for code in case.day.codes if code in {"prescription_by_doctor", "identity_in_question", "individual_level"}))
    return Struck(strength=count / case.limits.grave_refusals, sentence=Text(zh=zh, en=en), group=case.day.grave, filter={"type": "outcome", "code": codes}, severity="harm")


def _differencing(case: Case) -> Struck | None:
    count = case.day.differencing.count
    if count < case.limits.differencing:
        return None
    zh = f"{case.person.id} 当天 {count} 次提问，若与之前的答案相减即可推出个别医生，均被拦下。"
    en = f"{case.person.id} asked {count} questions that day which, subtracted from earlier answers, would single doctors out; all were stopped."
    return Struck(strength=count / case.limits.differencing, sentence=Text(zh=zh, en=en), group=case.day.differencing, filter={"type": "outcome", "code": "differencing,budget_exhausted"}, severity="harm")


def _purpose(case: Case) -> Struck | None:
    shopped, refused = case.day.shopped, case.day.purpose
    if shopped.count:
        names = mark("metric", dict.fromkeys(case.day.shopped_metrics))
        zh = f"{case.person.id} 的问题先被拒绝，随后换一个目的取得了同一指标（{names}）：所声明的目的可能不是真实目的。"
        en = f"{case.person.id} was refused, then got the same metric under another purpose ({names}): the purpose stated may not be the real one."
        return Struck(strength=float(shopped.count), sentence=Text(zh=zh, en=en), group=shopped, filter={"type": "outcome", "metric": ",".join(dict.fromkeys(case.day.shopped_metrics))})
    if refused.count >= case.limits.purpose_refusals:
        zh = f"{case.person.id} 当天 {refused.count} 次以其角色不具备的目的提问。"
        en = f"{case.person.id} asked {refused.count} times that day for purposes that their role does not have."
        return Struck(strength=refused.count / case.limits.purpose_refusals, sentence=Text(zh=zh, en=en), group=refused, filter={"type": "outcome", "code": "purpose_not_allowed"})
    return None


def _reidentified(case: Case) -> Struck | None:
    shown = case.day.revealed.count
    if not shown:
        if case.day.identity_refused.count < case.limits.reveals:
            return None
        group = case.day.identity_refused
        zh = f"{case.person.id} 当天 {group.count} 次申请或处理再识别被拒。"
        en = f"{case.person.id} was refused {group.count} times that day over re-identification."
        return Struck(strength=group.count / case.limits.reveals, sentence=Text(zh=zh, en=en), group=group, filter={"type": "identity.refused"})
    recent = shown + sum(day.revealed.count for day in case.before)
    grave = recent > case.limits.reveals
    zh = f"{case.person.id} 当天查看了 {shown} 个身份，近 {HISTORY} 个活跃日共 {recent} 个。"
    en = f"{case.person.id} was shown {shown} identities that day, {recent} over the last {HISTORY} active days."
    return Struck(strength=max(1.0, recent / case.limits.reveals), sentence=Text(zh=zh, en=en), group=case.day.revealed, filter={"type": "identity.revealed"}, severity="attention" if grave else "notice")


def _break_glass(case: Case) -> Struck | None:
    group = case.day.owner
    if not group.count:
        return None
    zh = f"{case.person.id} 当天动用应急权限，或机器管理员以其名义、直接动用本机权限，共 {group.count} 次（已留痕）。"
    en = f"{case.person.id} took emergency rights, or the machine's owner acted in that name or with the machine's own rights, {group.count} times that day (on record)."
    return Struck(strength=1.0, sentence=Text(zh=zh, en=en), group=group, filter={}, severity="notice")


def _denied(case: Case) -> Struck | None:
    group = case.day.denied
    if group.count < case.limits.grave_refusals:
        return None
    zh = f"{case.person.id} 无权查看账本，却在当天尝试了 {group.count} 次。"
    en = f"{case.person.id} may not read the ledger and tried {group.count} times that day."
    return Struck(strength=group.count / case.limits.grave_refusals, sentence=Text(zh=zh, en=en), group=group, filter={"type": "ledger.denied"})


RULES: Mapping[str, tuple[Text, Look]] = MappingProxyType(
    {
        "grave_refusals": (Text(zh="触碰红线", en="Red line"), _grave),
        "differencing": (Text(zh="差分试探", en="Differencing attempts"), _differencing),
        "volume": (Text(zh="异常用量", en="Unusual volume"), _volume),
        "hours": (Text(zh="异常时间", en="Unusual hours"), _hours),
        "new_metrics": (Text(zh="陌生指标", en="New person × metric"), _new),
        "refusals": (Text(zh="反复被拒", en="Repeated refusals"), _refusals),
        "purpose": (Text(zh="目的不符", en="Purpose mismatch"), _purpose),
        "reidentification": (Text(zh="再识别", en="Re-identification"), _reidentified),
        "break_glass": (Text(zh="应急越权", en="Break-glass"), _break_glass),
        "ledger_denied": (Text(zh="窥探账本", en="Ledger without right"), _denied),
    }
)
"""Each rule's name for people, and the rule."""


def finding_id(rule: str, person: str, day: str) -> str:
    """The same finding has the same id whenever it is worked out."""
    return hashlib.sha256(f"{rule}\0{person}\0{day}".encode()).hexdigest()[:16]


def judge(person: Person, name: str, limits: Thresholds, peers: Callable[[], list[int]] = list) -> Iterator[Finding]:
    """Yield what the rules find in one day of one person; `peers` as `Habits.peers` gives them."""
    before = [day for other, day in person.days.items() if other < name and (day.ended.count or day.revealed.count)]
    case = Case(person=person, name=name, day=person.days[name], before=tuple(before[-HISTORY:]), limits=limits, peers=peers)
    for rule, (_, look) in RULES.items():
        struck = look(case)
        if struck is not None:
            yield Finding(
                id=finding_id(rule, person.id, name),
                rule=rule,
                severity=struck.severity,
                person=person.id,
                department=person.department,
                day=name,
                strength=struck.strength,
                sentence=struck.sentence,
                count=struck.group.count,
                events=tuple(struck.group.first),
                filter={"actor": person.id, "since": name, "until": name, **struck.filter},
                demo=case.day.demo,
            )
