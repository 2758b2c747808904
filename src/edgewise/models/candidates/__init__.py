"""Candidates for rankings: channels that read the graph as of an anchor, and their merging into one pool."""
