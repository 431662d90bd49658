"""Findings: what wants a compliance officer's eye, each with its reason in a sentence and the events behind it."""
