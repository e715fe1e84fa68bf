"""The real implementations of the seams: Notion, OAuth, alerts, children, clock. Only the wiring knows them."""
