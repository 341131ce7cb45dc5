"""Proving the suites: variants of the reference with one deliberate bug each, and what the suites make of them."""
