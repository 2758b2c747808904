"""Demand of each store, category and week ahead: quantiles, sums that agree to the cent, and what to order."""
