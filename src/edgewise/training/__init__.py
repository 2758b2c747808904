"""The one optimisation loop, losses, and negative sampling."""
