"""The loop with a clock that jumps is the simulation's; scenarios use the same one."""

from videod.simulation.virtual_loop import VirtualLoop, run_virtual

__all__ = ["VirtualLoop", "run_virtual"]
