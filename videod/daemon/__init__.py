"""The daemon: wiring (which concrete classes), lifecycle (start, run, stop), recovery after a crash, the lock."""
