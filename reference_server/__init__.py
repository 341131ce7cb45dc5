"""The oracle: a reference implementation of the whole mail chain, usable on its own."""
