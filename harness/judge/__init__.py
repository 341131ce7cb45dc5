"""Judging: pure functions from the performances of target and oracle to a case's result."""
