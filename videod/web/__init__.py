"""The daemon's door for programs: an HTTP API on a Unix socket (`api`), the JSON it speaks (`serializers`) and the
requests that change something (`requests`). Only `api` imports aiohttp; the command line shares the other two."""
