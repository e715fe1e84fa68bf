"""The daemon: wiring (the parts), machine (the parts joined), lifecycle (start, run, stop), recovery, the lock."""
