"""Trends: what rises or falls, where and for whom, with false discoveries controlled over all looks."""
