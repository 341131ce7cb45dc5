"""The wire: connections with deadlines and a record, and per protocol a sans-IO codec and a strict validator."""
