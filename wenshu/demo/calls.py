"""`call_center.csv`: outbound calls to the number that CRM holds, whoever picks up."""

from __future__ import annotations

import numpy as np

from wenshu.demo.chance import happens, pick
from wenshu.demo.clock import IntArray, TextArray, add, second_texts, texts
from wenshu.demo.contacts import PLANS, Touches, make_contacts
from wenshu.demo.files import Extract
from wenshu.demo.products import CAMPAIGN_TEXTS, PRODUCT_NUMBERS, campaigns_for
from wenshu.demo.world import World

RESULTS = ("C1", "C2", "N1", "N2", "N3", "X1")
_TALKED, _BROKEN_OFF, _WRONG_NUMBER = 0, 1, 5
SHARE_LANDLINE = 0.003


def make_calls(world: World) -> tuple[Extract, Touches]:
    """The calls' extract and touches. A call before a doctor changed number went to the number of that day."""
    rng = world.stream("calls")
    clock, doctors, crm = world.clock, world.doctors, world.crm
    calls = make_contacts(rng, clock, doctors, PLANS["CALL"], crm.mobile_known > 0)
    count = len(calls)
    known = crm.mobile_known[calls.who]
    number = np.where(known == doctors.mobile[calls.who], doctors.mobile_on(calls.who, calls.day), known)
    outdated = (known == doctors.earlier_mobile[calls.who]) & (calls.day >= doctors.renumbered_on[calls.who])
    result = pick(rng, (0.50, 0.09, 0.26, 0.08, 0.05, 0.02), count)
    result = np.where(outdated, _WRONG_NUMBER, result)
    # Somebody else picks up a shared phone as a rule; the call then never got through to the doctor.
    through = result <= _BROKEN_OFF
    seconds = np.where(result == _TALKED, np.clip(rng.lognormal(4.9, 0.5, count), 25, 1200), rng.integers(4, 25, count))
    campaign = campaigns_for(rng, clock, "CALL", calls.product, calls.day)
    person = calls.who.copy()
    rows, stranger = world.strangers(rng, 0.004, count)
    person[rows] = len(doctors) + stranger
    number[rows] = world.outsiders.mobile[stranger]
    landline = happens(rng, SHARE_LANDLINE, count)
    agent = rng.integers(1, 25, count)
    days, times = clock.day_texts("{d:%Y%m%d}"), second_texts("")
    no_product = happens(rng, 0.03, count)

    def render(rows: IntArray) -> dict[str, TextArray]:
        phones = zip(number[rows].tolist(), landline[rows].tolist(), strict=True)
        return {
            "call_id": texts(f"CC{n + 1:08d}" for n in rows.tolist()),
            "agent_id": texts(f"AG{n:03d}" for n in agent[rows].tolist()),
            "phone": texts(f"0{n % 90 + 510}-{n % 90_000_000}" if fixed else str(n) for n, fixed in phones),
            "call_time": add(days[calls.day[rows]], times[calls.second[rows]]),
            "result_code": texts(RESULTS)[result[rows]],
            "talk_seconds": texts(
                str(int(s)) if t else "0" for s, t in zip(seconds[rows].tolist(), through[rows].tolist(), strict=True)
            ),
            "product": np.where(no_product[rows], "", texts(PRODUCT_NUMBERS)[calls.product[rows]]),
            "campaign": CAMPAIGN_TEXTS[campaign[rows]],
        }

    extract = Extract(name="call_center.csv", order=np.arange(count), render=render, person=person)
    return extract, Touches(who=calls.who, product=calls.product, day=calls.day, delivered=through)
