"""The ledger on a PostgreSQL server: the same lines, tree and proofs as in a file, for many machines that write one ledger."""
