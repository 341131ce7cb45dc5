"""The IMAP suite: dialogues in one folder per RFC section, Python cases by theme, matrices as tables."""
