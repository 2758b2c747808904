"""Where tables come from: each source runs SQL in its own dialect and returns Arrow."""
