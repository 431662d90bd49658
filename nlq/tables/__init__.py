"""A disclosed table as sentences, charts and pages look at it: numbers, members and periods as people write them."""
