"""The CRM's records of the doctors: the anchor of identity, with all that a real CRM gets wrong."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from wenshu.demo.chance import Rng, happens, pick, some, stream
from wenshu.demo.clock import BoolArray, Clock, IntArray, TextArray, texts
from wenshu.demo.files import Extract
from wenshu.demo.names import misspell, traditional
from wenshu.demo.people import SEGMENTS, SPECIALTIES, TITLES, Doctors
from wenshu.demo.places import Hospitals
from wenshu.demo.reps import Reps

DEPARTMENT_FORMS = (
    ("心血管内科", "心内科"),
    ("内分泌科", "内分泌代谢科"),
    ("肿瘤科", "肿瘤内科"),
    ("呼吸与危重症医学科", "呼吸内科", "呼吸科"),
    ("神经内科", "神内"),
    ("肾内科", "肾脏内科"),
    ("消化内科", "消化科"),
    ("全科医学科", "全科"),
)
UNKNOWN_CRM_ID = 9_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Crm:
    """One entry a record in the first arrays; one entry a doctor in the last four.

    `main` is a doctor's first record and `second` the duplicate (-1: none); `mobile_known` is the number CRM holds
    (0: none), which the call centre dials; `unionid_known` says whether CRM holds the doctor's unionid.
    """

    person: IntArray
    crm_id: TextArray
    duplicate: BoolArray
    main: IntArray
    second: IntArray
    mobile_known: IntArray
    unionid_known: BoolArray

    def __len__(self) -> int:
        return len(self.person)

    def id_for(self, rng: Rng, who: IntArray) -> IntArray:
        """The record used for each doctor of a row: the duplicate in a third of the cases where there is one."""
        use = (self.second[who] >= 0) & happens(rng, 0.35, len(who))
        return np.where(use, self.second[who], self.main[who])


def make_crm(seed: int, doctors: Doctors, reps: Reps) -> Crm:
    """One record a doctor and a second one for 1.5% of them; phones of departments and representatives among them."""
    rng = stream(seed, "crm")
    count = len(doctors)
    twice = some(rng, 0.015, count)
    person = np.concatenate([np.arange(count), twice])
    order = rng.permutation(len(person))
    person = person[order]
    duplicate = order >= count
    main, second = np.full(count, -1), np.full(count, -1)
    rows = np.arange(len(person))
    main[person[~duplicate]] = rows[~duplicate]
    second[person[duplicate]] = rows[duplicate]
    numbers = 1_000_000 + np.cumsum(rng.integers(1, max(2, 16 if count < 400_000 else 2), len(person)))
    mobile = np.where(happens(rng, 0.2, count) & (doctors.earlier_mobile > 0), doctors.earlier_mobile, doctors.mobile)
    mobile = np.where(happens(rng, 0.015, count), 0, mobile)
    _share_phones(rng, mobile, doctors, reps)
    return Crm(
        person=person,
        crm_id=texts(f"C{n:07d}" for n in numbers.tolist()),
        duplicate=duplicate,
        main=main,
        second=second,
        mobile_known=mobile,
        unionid_known=(doctors.unionid != "") & happens(rng, 0.86, count),
    )


def _share_phones(rng: Rng, mobile: IntArray, doctors: Doctors, reps: Reps) -> None:
    """2.2% of the doctors stand with their department's one phone, 1.2% with their representative's own."""
    count = len(doctors)
    ward = doctors.hospital * len(SPECIALTIES) + doctors.specialty
    by_ward = np.argsort(ward, kind="stable")
    edges = np.flatnonzero(np.diff(ward[by_ward])) + 1
    wards = [w for w in np.split(by_ward, edges) if len(w) > 1]
    left, shared = round(0.022 * count), np.zeros(count, dtype=bool)
    for i in rng.permutation(len(wards)).tolist():
        if left <= 0:
            break
        members = wards[i][: 2 + int(rng.integers(0, 3))]
        mobile[members] = doctors.mobile[members[0]]
        shared[members] = True
        left -= len(members)
    own = some(rng, 0.012, count)
    # Never one of a shared phone's owners: the phone would then look like the last remaining member's alone.
    own = own[(reps.own[own] >= 0) & ~shared[own]]
    mobile[own] = reps.mobile[reps.own[own]]


def hcp_extract(seed: int, clock: Clock, hospitals: Hospitals, doctors: Doctors, crm: Crm) -> Extract:
    """`crm_hcp.csv`."""
    rng = stream(seed, "crm columns")
    count, who = len(crm), crm.person
    older = crm.duplicate & happens(rng, 0.7, count)
    mobile, email, unionid, license_no = _identifiers(rng, doctors, crm)
    name = doctors.name[who].copy()
    for i in np.flatnonzero(happens(rng, np.where(crm.duplicate, 0.12, 0.004), count)).tolist():
        name[i] = misspell(name[i], int(rng.integers(0, 1 << 20)))
    for i in np.flatnonzero(happens(rng, np.where(crm.duplicate, 0.08, 0.008), count)).tolist():
        name[i] = traditional(name[i])
    hospital = np.where(older, doctors.earlier_hospital[who], doctors.hospital[who])
    moved = (doctors.moved_on[who] >= 0) & ~older & happens(rng, 0.75, count)
    title = np.where(
        older & (doctors.title[who] < 3) & happens(rng, 0.3, count), doctors.title[who] + 1, doctors.title[who]
    )
    created = np.where(doctors.since[who] > 0, clock.month_start[doctors.since[who]], -rng.integers(5, 2200, count))
    updated = np.maximum(
        created, np.where(older, clock.days // 3, clock.days // 2) + rng.integers(0, clock.days // 3, count)
    )
    updated = np.where(crm.duplicate & ~older, clock.days - 1 - rng.integers(0, 30, count), updated)
    # A doctor's right record is touched last, whichever of the two it is.
    beaten = crm.second[who] >= 0
    newer_twin = np.zeros(len(doctors), dtype=bool)
    newer_twin[who[crm.duplicate & ~older]] = True
    updated = np.where(beaten & ~crm.duplicate & newer_twin[who], np.minimum(updated, clock.days - 40), updated)
    updated = np.where(beaten & ~crm.duplicate & ~newer_twin[who], clock.days - 1 - rng.integers(0, 30, count), updated)
    updated = np.clip(updated, created, clock.days - 1)
    department = typed_departments(rng, doctors.specialty[who])
    first = np.datetime64(clock.first)
    columns = {
        "crm_id": crm.crm_id,
        "name": name,
        "mobile": mobile,
        "email": email,
        "license_no": license_no,
        "unionid": unionid,
        "hospital_code": hospitals.code[hospital],
        "hospital_name": typed_hospitals(rng, hospitals, hospital, alias=0.12, wrong=0.01),
        "previous_hospital_code": np.where(moved, hospitals.code[doctors.earlier_hospital[who]], ""),
        "department": department,
        "title": texts(TITLES)[title],
        "segment": texts(SEGMENTS)[doctors.segment[who]],
        "potential": texts("HML")[doctors.potential[who]],
        "years_in_practice": np.where(
            happens(rng, 0.03, count), "", texts(str(y) for y in doctors.years[who].tolist())
        ),
        "is_target": texts("NY")[doctors.target[who].astype(np.int64)],
        "created_at": texts(np.datetime_as_string(first + created)),
        "updated_at": texts(np.datetime_as_string(first + updated)),
    }
    return Extract(
        name="crm_hcp.csv",
        order=np.arange(count),
        render=lambda rows: {key: column[rows] for key, column in columns.items()},
        person=who,
    )


def _identifiers(rng: Rng, doctors: Doctors, crm: Crm) -> tuple[TextArray, TextArray, TextArray, TextArray]:
    """Mobile, e-mail, unionid and licence of each record; a duplicate record shares some of them with the first."""
    count, who = len(crm), crm.person
    number = texts(str(n) if n else "" for n in crm.mobile_known[who].tolist())
    old = texts(str(n) if n else "" for n in doctors.earlier_mobile[who].tolist())
    number = np.where(crm.duplicate & happens(rng, 0.45, count), old, number)
    license_no = np.where(happens(rng, np.where(crm.duplicate, 0.3, 0.03), count), "", doctors.license_no[who])
    for i in np.flatnonzero(happens(rng, 0.005, count)).tolist():
        license_no[i] = license_no[i][:-1]
    email = np.where(crm.duplicate & happens(rng, 0.5, count), "", doctors.email[who])
    known = crm.unionid_known[who] & ~crm.duplicate
    return number, email, np.where(known, doctors.unionid[who], ""), license_no


def typed_departments(rng: Rng, specialty: IntArray) -> TextArray:
    """Department names in the forms in which hospitals write them on their doors."""
    form = pick(rng, (0.7, 0.2, 0.1), len(specialty)).tolist()
    forms = [names * 3 for names in DEPARTMENT_FORMS]
    return texts(forms[s][f] for s, f in zip(specialty.tolist(), form, strict=True))


def typed_hospitals(rng: Rng, hospitals: Hospitals, hospital: IntArray, *, alias: float, wrong: float) -> TextArray:
    """Hospital names as people type them: in full, by an alias, in traditional characters, or with an error."""
    count = len(hospital)
    other = happens(rng, alias, count)
    which = rng.integers(0, 3, count)
    names = hospitals.name[hospital].copy()
    for i in np.flatnonzero(other).tolist():
        names[i] = hospitals.aliases[int(hospital[i])][int(which[i])]
    for i in np.flatnonzero(happens(rng, wrong, count)).tolist():
        names[i] = misspell(names[i], int(rng.integers(0, 1 << 20)))
    for i in np.flatnonzero(happens(rng, 0.012, count)).tolist():
        names[i] = traditional(names[i])
    return names


def assignments_extract(seed: int, clock: Clock, doctors: Doctors, crm: Crm, reps: Reps) -> Extract:
    """`crm_assignments.csv`: the present representative of each record's doctor, and the one before where it changed."""
    rng = stream(seed, "assignments")
    covered = reps.own[crm.person] >= 0
    with_own = np.flatnonzero(covered & (~crm.duplicate | happens(rng, 0.3, len(crm))))
    with_earlier = np.flatnonzero(covered & ~crm.duplicate & (reps.changed_on[crm.person] >= 0))
    record = np.concatenate([with_earlier, with_own])
    who = crm.person[record]
    past = np.arange(len(record)) < len(with_earlier)
    changed = reps.changed_on[who]
    began = np.where(doctors.since[who] > 0, clock.month_start[doctors.since[who]], -rng.integers(1, 700, len(record)))
    start = np.where(past | (changed < 0), np.where(changed >= 0, np.minimum(began, changed - 10), began), changed)
    order = np.lexsort((record, start))
    first = np.datetime64(clock.first)
    compact = [text.replace("-", "") for text in np.datetime_as_string(first + start).tolist()]
    closed = [text.replace("-", "") for text in np.datetime_as_string(first + np.maximum(changed, 0)).tolist()]
    columns = {
        "assignment_id": texts(f"AS{n:07d}" for n in range(1, len(record) + 1)),
        "crm_id": crm.crm_id[record][order],
        "rep_id": reps.number[np.where(past, reps.earlier[who], reps.own[who])][order],
        "start_date": texts(compact)[order],
        "end_date": np.where(past, texts(closed), "")[order],
    }
    return Extract(
        name="crm_assignments.csv",
        order=np.arange(len(record)),
        render=lambda rows: {key: column[rows] for key, column in columns.items()},
        person=who[order],
    )
