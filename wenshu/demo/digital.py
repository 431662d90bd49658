"""What reaches doctors without a person: WeChat articles and e-mails."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from wenshu.demo.chance import Rng, happens, pick
from wenshu.demo.clock import DAY_SECONDS, BoolArray, FloatArray, IntArray, TextArray, texts
from wenshu.demo.contacts import PLANS, Contacts, Touches, make_contacts
from wenshu.demo.files import Extract
from wenshu.demo.products import (
    ART,
    CAMPAIGN_TEXTS,
    PRODUCT_ENGLISH,
    PRODUCTS,
    SUR,
    VID,
    campaigns_for,
    content_for,
    content_texts,
)
from wenshu.demo.world import World

SHARE_WITH_MOBILE = 0.27
EVENTS = ("sent", "delivered", "open", "click", "bounce")
SENT, DELIVERED, OPEN, CLICK, BOUNCE = range(5)
_REGION_INTEREST = np.array([1.08, 1.02, 1.1, 0.97, 0.95, 0.88, 0.84])
_SEGMENT_INTEREST = np.array([1.12, 1.06, 0.98, 0.85])
_TOPIC_INTEREST = np.array([1.0, 0.92, 1.15, 1.2, 0.85])


def _interest(world: World, sent: Contacts, content: IntArray) -> FloatArray:
    """How likely a doctor is to open what was sent, against the usual (1.0)."""
    doctors = world.doctors
    evening = np.where((sent.second // 3600 >= 19) | (sent.second // 3600 == 12), 1.12, 0.96)
    return np.asarray(
        _REGION_INTEREST[doctors.region[sent.who]]
        * _SEGMENT_INTEREST[doctors.segment[sent.who]]
        * _TOPIC_INTEREST[world.content.topic[content]]
        * evening
        * (0.7 + 0.3 * doctors.activity[sent.who])
    )


def make_wechat(world: World) -> tuple[Extract, Touches]:
    """`wechat_messages.csv` and its touches."""
    rng = world.stream("wechat")
    clock, doctors = world.clock, world.doctors
    sent = make_contacts(rng, clock, doctors, PLANS["WECHAT"], doctors.unionid != "")
    count = len(sent)
    kind = np.array([ART, VID])[pick(rng, (0.68, 0.32), count)]
    content = content_for(rng, world.content, kind, sent.product, sent.day)
    delivered = happens(rng, 0.962, count)
    chance = np.clip(0.37 * _interest(world, sent, content) * np.where(kind == VID, 1.1, 1.0), 0, 0.9)
    opened = delivered & happens(rng, chance, count)
    clicked = opened & happens(rng, 0.29, count)
    seconds = np.clip(rng.lognormal(np.where(kind == VID, 4.6, 4.1), 0.7), 3, 1500).astype(np.int64)
    campaign = campaigns_for(rng, clock, "WECHAT", sent.product, sent.day)
    mobile = _bound_mobiles(rng, world, sent)
    unionid = np.append(doctors.unionid, world.outsiders.unionid)
    person = sent.who.copy()
    rows, stranger = world.strangers(rng, 0.003, count)
    person[rows] = len(doctors) + stranger
    mobile[rows] = 0
    materials, flags = content_texts(world.content), texts("01")

    def render(rows: IntArray) -> dict[str, TextArray]:
        return {
            "msg_id": texts(f"WX{n + 1:09d}" for n in rows.tolist()),
            "unionid": unionid[person[rows]],
            "mobile": texts(str(n) if n else "" for n in mobile[rows].tolist()),
            "article_id": materials[content[rows]],
            "product": texts(PRODUCTS)[sent.product[rows]],
            "campaign": CAMPAIGN_TEXTS[campaign[rows]],
            "sent_ms": texts(str(n) for n in clock.epoch_ms(sent.day[rows], sent.second[rows]).tolist()),
            "delivered": flags[delivered[rows].astype(np.int64)],
            "opened": flags[opened[rows].astype(np.int64)],
            "clicked": flags[clicked[rows].astype(np.int64)],
            "read_seconds": texts(
                str(s) if o else "" for s, o in zip(seconds[rows].tolist(), opened[rows].tolist(), strict=True)
            ),
        }

    extract = Extract(name="wechat_messages.csv", order=np.arange(count), render=render, person=person)
    return extract, Touches(who=sent.who, product=sent.product, day=sent.day, delivered=delivered)


def _bound_mobiles(rng: Rng, world: World, sent: Contacts) -> IntArray:
    """The number bound in WeChat, where the article's page asked for it (0: it did not).

    Two doctors in five who changed their number never tell WeChat. A doctor whose unionid CRM does not know is met
    with the number more often: such readers are asked to sign in.
    """
    doctors = world.doctors
    never_told = happens(rng, 0.4, len(doctors)) & (doctors.earlier_mobile > 0)
    number = np.where(never_told[sent.who], doctors.earlier_mobile[sent.who], doctors.mobile_on(sent.who, sent.day))
    share = np.where(world.crm.unionid_known[sent.who], SHARE_WITH_MOBILE - 0.05, SHARE_WITH_MOBILE + 0.3)
    return np.where(happens(rng, share, len(sent)), number, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Events:
    """E-mail events: message index, kind, and the instant in seconds since the window began."""

    message: IntArray
    kind: IntArray
    at: IntArray


def make_email(world: World) -> tuple[Extract, Touches]:
    """`email_events.csv` and the touches of its messages."""
    rng = world.stream("email")
    clock, doctors = world.clock, world.doctors
    sent = make_contacts(rng, clock, doctors, PLANS["EMAIL"], doctors.email != "")
    count = len(sent)
    kind = np.array([ART, VID, SUR])[pick(rng, (0.62, 0.24, 0.14), count)]
    content = content_for(rng, world.content, kind, sent.product, sent.day)
    delivered = happens(rng, 0.93, count)
    chance = np.clip(0.205 * _interest(world, sent, content), 0, 0.8)
    events = _email_events(rng, clock.days, sent, delivered, delivered & happens(rng, chance, count))
    campaign = campaigns_for(rng, clock, "EMAIL", sent.product, sent.day)
    address = np.append(doctors.email, world.outsiders.email)
    person = sent.who.copy()
    strange, stranger = world.strangers(rng, 0.005, count)
    person[strange] = len(doctors) + stranger
    form = pick(rng, (0.68, 0.14, 0.12, 0.06), len(events.kind))
    materials, names = content_texts(world.content), texts(EVENTS)

    def render(rows: IntArray) -> dict[str, TextArray]:
        message = events.message[rows]
        at = events.at[rows]
        return {
            "event_id": texts(f"EV{n + 1:09d}" for n in rows.tolist()),
            "message_id": texts(f"M{n + 1:08d}" for n in message.tolist()),
            "email": _typed_emails(address[person[message]], form[rows]),
            "event": names[events.kind[rows]],
            "event_time": clock.utc_texts(at // DAY_SECONDS, at % DAY_SECONDS),
            "content_id": materials[content[message]],
            "product": texts(PRODUCT_ENGLISH)[sent.product[message]],
            "campaign": CAMPAIGN_TEXTS[campaign[message]],
        }

    extract = Extract(
        name="email_events.csv", order=np.arange(len(events.kind)), render=render, person=person[events.message]
    )
    return extract, Touches(who=sent.who, product=sent.product, day=sent.day, delivered=delivered)


def _email_events(rng: Rng, days: int, sent: Contacts, delivered: BoolArray, opened: BoolArray) -> _Events:
    """One sent event a message, then a delivery or a bounce, then openings and clicks, none after the window's end."""
    every = np.arange(len(sent))
    start = sent.day * DAY_SECONDS + sent.second
    arrival = start + rng.integers(2, 90, len(sent))
    readers = np.repeat(every[opened], 1 + pick(rng, (0.72, 0.2, 0.08), int(opened.sum())))
    reading = arrival[readers] + np.clip(rng.lognormal(9.0, 1.5, len(readers)), 20, 6 * DAY_SECONDS).astype(np.int64)
    first_reading = np.unique(readers, return_index=True)[1]
    clickers = first_reading[happens(rng, 0.23, len(first_reading))]
    message = np.concatenate([every, every, readers, readers[clickers]])
    kind = np.concatenate(
        [
            np.full(len(sent), SENT),
            np.where(delivered, DELIVERED, BOUNCE),
            np.full(len(readers), OPEN),
            np.full(len(clickers), CLICK),
        ]
    )
    at = np.concatenate([start, arrival, reading, reading[clickers] + rng.integers(3, 200, len(clickers))])
    order = np.lexsort((kind, at))
    order = order[at[order] < days * DAY_SECONDS]
    return _Events(message=message[order], kind=kind[order], at=at[order])


def _typed_emails(address: TextArray, form: IntArray) -> TextArray:
    """Addresses as each system writes them: as given, in capitals, capitalised, with a blank around."""
    out = address.copy()
    for i in np.flatnonzero(form).tolist():
        text = out[i]
        out[i] = (text, text.upper(), text.capitalize(), f" {text}" if i % 2 else f"{text} ")[form[i]]
    return out
