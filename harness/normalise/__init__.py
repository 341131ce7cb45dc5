"""Normalisation: named rules, each citing the clause that permits the difference that it erases."""
