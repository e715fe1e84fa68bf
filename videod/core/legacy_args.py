"""What the owner's older script of a step can be asked: the legacy arguments of its day, and nothing it does not know.

Such a script reads its command line with plain argparse and fails on any option it never heard of. So a script named
in `[scripts]` gets the options of its step (`Step.legacy_args`) and no others; what it reads from its environment goes
there (`Step.legacy_env`), and what it cannot do at all stays ours.
"""

from dataclasses import replace

from videod.core.step import Command, Step

#: the options of our commands that stand alone; every other one is followed by exactly one value
FLAGS = frozenset({
    "--buy-again", "--fetch-only", "--made-for-kids", "--not-made-for-kids", "--synthetic-media", "--opens", "--closes",
    "--inspected", "--group",
})  # fmt: skip

#: names under which older scripts and the vendors' own clients look for the same key
ALSO_CALLED = {"GEMINI_API_KEY": ("GOOGLE_API_KEY",)}


def options(command: Command) -> tuple[tuple[str, ...], ...]:
    """The command's options in their order, each with its value. A value may look like an option (a prompt may)."""
    found: list[tuple[str, ...]] = []
    parts = iter(command.argv)
    for name in parts:
        found.append((name,) if name in FLAGS else (name, next(parts)))
    return tuple(found)


def words(command: Command) -> tuple[str, ...]:
    """The command's words. A value that begins like an option is tied to its own, or a parser takes it for one."""
    found: list[str] = []
    for one in options(command):
        found += [f"{one[0]}={one[1]}"] if len(one) == 2 and one[1].startswith("-") else one
    return tuple(found)


def legacy_command(step: Step, command: Command) -> Command:
    """`command` without the options that an older script of `step` does not know. Files stay as they are.

    What such a script takes from its environment goes there (`Step.legacy_env`).
    """
    if not step.legacy_args:
        return command
    found = options(command)
    env = {step.legacy_env[one[0]]: one[1] for one in found if len(one) == 2 and one[0] in step.legacy_env}
    argv = tuple(part for one in found if one[0] in step.legacy_args for part in one)
    return replace(command, argv=argv, env={**command.env, **env}, aside=())
