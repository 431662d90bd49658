"""Temporary rights of single persons: asked for, approved by the committee, over by themselves."""
