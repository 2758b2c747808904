"""The one optimisation loop, losses, negatives."""
