"""Scoring questions against expected queries."""
