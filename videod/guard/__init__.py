"""What stands between an HTTP listener and whoever connects: how many, for how long (`connections`), from where and
with what (`requests`), and, on a Unix socket, who (`peer`).

Every listener of videod goes through it: the control socket, `http_port`, the simulated services.
"""
