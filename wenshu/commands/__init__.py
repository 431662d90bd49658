"""The commands of `wenshu`, one module a subject; `wenshu.cli` gathers them."""
