"""A follow-up to a question that was refused: it may well change the last one that was answered.

"华南的触达率" is refused to the manager of 华东; "按城市看" after it is refused again if it is read as a change of 华南's number. Where the reading and
the question before are both refused, and the same words as a change of the last allowed question are allowed, that is what is meant, and it is said.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from governance.terms import MetricQuery, Text
from nlq.understand import Understanding

SAID = Text(zh="前一个问题被拒绝，这里接着最后一个可以回答的问题", en="the question before was refused; this goes on from the last one that can be answered")

Read = Callable[[Sequence[MetricQuery]], Understanding]


def past_refusals(read: Read, in_force: Sequence[MetricQuery], allowed: Callable[[MetricQuery], bool]) -> Understanding:
    """Return `read(in_force)`, or the reading of the words after the last allowed one of the queries in force (oldest first), as the module says.

    `read` understands the words as a follow-up to the last of the queries that it is given; `allowed` is the policy's word and tells nothing of data.
    """
    found = read(in_force)
    if found.act is not None or found.query is None or not in_force or allowed(found.query) or allowed(in_force[-1]):
        return found
    last = next((n for n in range(len(in_force) - 1, 0, -1) if allowed(in_force[n - 1])), None)
    if last is None:
        return found
    other = read(in_force[:last])
    if other.status != "read" or other.act is not None or other.query is None or not allowed(other.query):
        return found
    best = other.readings[0]
    return replace(other, readings=(replace(best, assumptions=(*best.assumptions, SAID)), *other.readings[1:]))


__all__ = ["past_refusals"]
