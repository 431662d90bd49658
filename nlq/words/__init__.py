"""The language itself, knowing no bundle: closed classes of words, numbers, one spelling, slips of typing."""
