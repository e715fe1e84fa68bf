"""The creator's page: rooms in a browser over the reads and the acts of the API, and who may enter.

It holds no truth of its own: what it shows is what commands show, and what is pressed becomes the request that a
command would make. `sessions` knows who is in, `gate` lets nobody else in, `rooms` shows, `acts` changes, `media`
hands files over, `changes` tells open pages of what happens, `shared` renders once for all of them, `build` joins
them.
"""
