"""What is checked: dialogues, tests, the requirement catalogue and the faults that prove them."""
