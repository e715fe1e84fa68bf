"""Reads a plan as an editor does: what can be measured of a story, line by line, and said in plain words."""
