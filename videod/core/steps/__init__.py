"""The steps of an episode, one a file: each has a `STEP` (or `STEPS`, where one file makes several).

`core/tables` finds every file of this folder, so that a new step is a new file and nothing else. They do not know each
other: what several need is in `core/step_parts`.
"""
