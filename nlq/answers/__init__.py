"""From a disclosed table to what a person reads: the sentence, the table, the explanation, what may be asked next."""
