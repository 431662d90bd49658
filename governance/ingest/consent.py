"""When withdrawals take effect: the identity wing's clock, by the name under which ingest knows it."""

from governance.identity.withdrawals import LONGEST_WAIT, effective_times

__all__ = ["LONGEST_WAIT", "effective_times"]
