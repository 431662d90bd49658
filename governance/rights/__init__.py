"""A person's own rights over both stores: the vault, which knows who it is, and the warehouse, which holds what happened.

The wings don't know each other, so what needs several of them stands here, beside the gateway. The warehouse is never edited in place: every act
writes a whole new file, in which nothing of what was removed is left, and puts it in place of the old one.
"""
