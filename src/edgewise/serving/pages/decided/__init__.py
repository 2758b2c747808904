"""The pages of what was decided: one list of all decisions, and a page for each with its charts and its tables."""
