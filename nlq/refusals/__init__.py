"""What ends before it is read as a query: persons, guarded words, the future; and what may be kept of it."""
