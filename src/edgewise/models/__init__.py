"""Models behind one contract: baselines, boosted trees, the graph network, the ranker."""
