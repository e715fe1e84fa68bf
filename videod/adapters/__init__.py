"""The real implementations of the ports: Notion, OAuth, alerts, children, clock.

Only the daemon's wiring and machine know them all.
"""
