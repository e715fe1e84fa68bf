"""The peers, each driven through what it offers itself. These modules run in the peers' environment, never in ours."""
