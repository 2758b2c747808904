"""What can be shown: the items' columns as codes, ready collections, and the people."""
