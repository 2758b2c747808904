"""The temporal graph: rows, times, columns and links in memory-mapped arrays."""
