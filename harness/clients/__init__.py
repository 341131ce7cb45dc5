"""Typed clients over a `Connection`, one per protocol."""
