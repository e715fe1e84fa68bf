"""Simulated services for every outside service, speaking the real wire on loopback.

Only addresses and credentials change when videod runs against them: no other room knows they exist.
`kernel` holds what all of them share (the account of billable calls, faults, latency, the request log);
each service is one module or package with `def build(context: Context) -> web.Application`; `host` starts them.
"""
