"""Servers under test: how they are named, started, given accounts and mail, watched and stopped."""
