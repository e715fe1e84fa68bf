"""Scripts as an owner had them before videod: legacy arguments, plain words, exit code 0 or 1, nothing else."""
