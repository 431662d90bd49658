"""Frequent English given names: the hundred or so most frequent ones of each sex in the public lists of births, without those that are everyday words."""

from __future__ import annotations

_NAMES = (
    "james john robert michael william david richard joseph thomas charles christopher daniel matthew anthony donald steven paul andrew joshua "
    "kenneth kevin brian george edward ronald timothy jason jeffrey ryan jacob gary nicholas eric jonathan stephen larry justin scott brandon benjamin "
    "samuel gregory alexander raymond patrick jack dennis jerry tyler aaron jose henry adam douglas nathan peter zachary kyle walter harold "
    "jeremy ethan carl keith roger gerald lawrence sean albert arthur joe noah jesse bryan bruce gabriel logan alan "
    "juan wayne roy ralph randy eugene vincent russell elijah louis bobby philip johnny tom tony jim mike steve dave ben sam dan bob chris alex fred simon martin "
    "neil ian graham colin stuart craig derek trevor oliver oscar felix hugo "
    "mary patricia jennifer linda elizabeth barbara susan jessica sarah karen lisa nancy betty margaret sandra ashley kimberly emily donna michelle "
    "carol amanda dorothy melissa deborah stephanie rebecca sharon laura cynthia kathleen amy angela shirley anna brenda pamela emma nicole helen "
    "samantha katherine christine debra rachel carolyn janet catherine maria heather diane ruth julie olivia joyce kelly lauren christina "
    "joan evelyn judith megan andrea cheryl hannah jacqueline martha gloria teresa ann sara frances kathryn janice abigail alice "
    "julia judy sophia denise doris marilyn danielle beverly isabella theresa diana natalie brittany marie kayla alexis lori jane kate lucy "
    "sophie ella mia zoe claire fiona wendy vivian cindy tina anne eva nina rita vera"
)

FIRST_NAMES = frozenset(_NAMES.split())
"""In lower case. Months, virtues and things that are names too (april, grace, mark, rose, will) are left out."""
