"""Work on other machines, by Dask distributed: workers, the client in a process of its own, the daemon's side."""
