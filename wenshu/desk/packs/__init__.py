"""Evidence packs: the events of a filter with the proof that none was left out, for somebody who trusts neither us nor our program."""
