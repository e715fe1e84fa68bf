"""The daemon's door for programs: an HTTP API on a Unix socket (`api`), the JSON it speaks (`shapes`) and the
requests that change something (`acts`). Only `api` imports aiohttp; the command line shares the other two."""
