"""Data to start with: The Complete Journey, and planted worlds whose truth is known."""
