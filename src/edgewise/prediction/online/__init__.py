"""Live answers: a fitted ranking over a state that every event changes. The same function as in training."""
