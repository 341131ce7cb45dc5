"""Drives a target server, watches it and judges it."""
