"""The smoke suite: whether a target can be tested at all."""
