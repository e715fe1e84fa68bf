"""What the simulated services render with: pictures, spoken narration, ambience, clips and the plan of an episode.

Everything here is made from words alone and looks and sounds like an animatic: the same request always gives the
same result, so that a rehearsal can be repeated and compared.
"""
