"""Rules: what may be shown, what comes first, how much of one kind; for a batch as for one person."""
