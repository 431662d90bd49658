"""The life of a policy bundle: drafts, differences in words, cases, impact, four eyes. Puts the wings together; `wenshu.committee_room` is its door."""
