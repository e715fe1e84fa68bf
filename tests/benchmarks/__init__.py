"""Figures with ratios, never asserted: `python -m tests.benchmarks.start` and its neighbors."""
