"""Lists of recommendations: for a person, like a thing, for a basket, for a search, for a session."""
