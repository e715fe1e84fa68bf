"""What a person sees: rows (queries) -> view (pure) -> render (pure, rich) -> live (the loop). Reads only."""
