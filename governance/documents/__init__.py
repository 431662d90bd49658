"""What the committee writes: the pydantic models of every document kind in a bundle, and the reader that keeps lines.

This is the bundle's format; its JSON Schema and `docs/reference/bundle.md` come from here.
"""
