"""The `postel` command: one module for each command, and what they share."""
