"""The daemon's own scheduler, ledger and limits in virtual time: a week of episodes in seconds.

Only the outside is replaced: children are latencies (`latency`, `launcher`), time is a loop that jumps to the next
timer (`virtual_loop`). `run` plays arrivals on a real database and logs what happened; `report` turns that log into
figures, `bound` says what no scheduler could beat. Figures come from the play, never from a formula.
"""
