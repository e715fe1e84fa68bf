"""Fault campaigns: `python -m tests.campaigns --list`. Short rounds of each run in every `./test` (tests/faults/)."""
