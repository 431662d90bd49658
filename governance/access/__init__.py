"""Who may ask what, and why: casbin judges, row scopes and minimum groups are obligations of the same rules."""
