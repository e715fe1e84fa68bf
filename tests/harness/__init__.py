"""The virtual-time world: the real core, store, ledger, lanes, runner, intake and relay, with everything outside the
process replaced by doubles that keep their own books, and a power switch."""
