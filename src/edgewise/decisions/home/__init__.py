"""The homepage: which shelves, in which order, with which things and which words."""
