"""What a sentence asks, rule by rule: names, numbers, members, time, and last what is grouped and filtered."""
