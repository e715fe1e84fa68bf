"""The loops of the daemon: intake, scheduler with its runner, relay. They meet only in the database."""
