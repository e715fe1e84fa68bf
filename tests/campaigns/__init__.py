"""Long fault campaigns, run by hand: `python -m tests.campaigns.kills --kills 1000`. Each prints its seed."""
