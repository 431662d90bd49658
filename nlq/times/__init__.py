"""Everything a business user says about time, in Chinese and English, as half-open ranges of dates.

`scan(text, clock)` finds the expressions of normalised text; the meaning of each is a `When`. Conventions: contracts.md section 5.
"""

from nlq.times.model import Clock, TimeHit, When, counterpart
from nlq.times.scan import scan

__all__ = ["Clock", "TimeHit", "When", "counterpart", "scan"]
