"""Which articles each store carries: demand, what shoppers buy instead, a choice proven near the best."""
