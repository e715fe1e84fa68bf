"""Attacks: rows of the table of faults, a hostile program in the place of each script, and where both are run."""
