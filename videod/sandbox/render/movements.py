"""How bodies move: the words for a motion prompt, an image prompt and a sound, by way of moving and pose."""

#: What a body does in a pose: the action, then which part, then cause and effect.
MOTIONS = {
    "walker": {
        "still": "{A} slowly turns its head. The ears follow and one shoulder shifts. "
        "Breath leaves the muzzle and fades.",
        "alert": "{A} lifts its muzzle into the air. "
        "The nostrils widen and the neck stretches. The weight moves onto the front feet.",
        "walking": "{A} takes two slow steps forward. "
        "One front foot presses down and the shoulder rolls. The ground gives way a little.",
        "low": "{A} sinks lower towards the ground. "
        "The shoulders drop and the hind legs tighten. A loose stone rolls away.",
        "rush": "{A} surges forward at full stretch. "
        "The hind legs drive and the front feet reach far. Loose ground flies up behind.",
        "raised": "{A} raises its head and calls. The jaw opens and the chest shakes. Nearby stems tremble.",
        "feeding": "{A} lowers its head and feeds. "
        "The jaw works slowly and the ears relax. Small crumbs fall to the ground.",
        "resting": "{A} breathes out and settles down. "
        "The flank sinks and the eyelids close. Dust comes to rest around it.",
        "moving": "{A} walks slowly out of sight. The feet lift in an even rhythm. The ground lies still again.",
    },
    "swimmer": {
        "still": "{A} hangs almost motionless. "
        "One fin tilts and the body rolls slightly. Light bends along its side.",
        "alert": "{A} turns towards a faint sound. The head lifts and the fins spread. Small bubbles slide upwards.",
        "walking": "{A} glides forward with one slow stroke. "
        "The tail sweeps and the fins trim the path. The water folds behind it.",
        "low": "{A} sinks a little deeper. The body flattens and the tail stops. Fine sand lifts below.",
        "rush": "{A} shoots forward at full power. "
        "The tail beats hard and the fins press flat. A trail of bubbles tears open.",
        "raised": "{A} rises steeply towards the light. "
        "The head lifts and the back bends. The surface breaks into circles.",
        "feeding": "{A} opens its mouth and feeds. The throat widens and closes again. Small pieces drift past.",
        "resting": "{A} lets itself drift. The fins relax and the eyes dim. The current carries it a little.",
        "moving": "{A} swims slowly out of sight. The tail moves in an even rhythm. The water lies still again.",
    },
    "flier": {
        "still": "{A} shifts its weight. The head tilts and the feathers settle. A loose stem bends below.",
        "alert": "{A} turns its head sharply. The eyes fix and the body leans. The air ruffles its back.",
        "walking": "{A} glides low over the ground. "
        "The wings hold wide and the tail trims. The air presses the stems flat.",
        "low": "{A} folds itself lower. The head sinks and the wings draw in. A speck of dust lifts.",
        "rush": "{A} drives forward through the air. "
        "The wings beat deep and the body stretches. Stems whip aside below.",
        "raised": "{A} raises its head and calls. "
        "The throat moves and the wings spread a little. The sound shakes the stems.",
        "feeding": "{A} bends down and feeds. "
        "The head dips and the body steadies itself. The stem sways under the weight.",
        "resting": "{A} settles and closes its eyes. The wings fold and the body sinks. The stems come to rest.",
        "moving": "{A} lifts off and flies out of sight. The wings beat evenly. The air lies still again.",
    },
}  # fmt: skip

#: How a pose is said in an image prompt: one static state at one instant.
POSES = {
    "walker": {
        "still": "standing", "alert": "standing with head raised", "walking": "walking with one front foot lifted",
        "low": "crouching low with head lowered", "rush": "running at full stretch",
            "raised": "standing with head raised and mouth open",
        "feeding": "standing with head lowered and feeding", "resting": "lying down with eyes half closed",
            "moving": "walking away",
    },
    "swimmer": {
        "still": "hanging still", "alert": "turning with head raised", "walking": "gliding forward",
            "low": "sinking with head lowered",
        "rush": "racing forward", "raised": "rising with head lifted", "feeding": "feeding with head lowered",
            "resting": "drifting at rest",
        "moving": "gliding away",
    },
    "flier": {
        "still": "standing still", "alert": "standing with head raised", "walking": "flying low with wings spread",
        "low": "standing with head lowered", "rush": "flying fast with wings spread",
            "raised": "calling with head raised",
        "feeding": "feeding with head lowered", "resting": "sitting at rest",
            "moving": "flying away with wings spread",
    },
}  # fmt: skip

ACTIONS = {
    "walker": "slow footsteps and quiet heavy breath", "swimmer": "soft bubbles and a slow heavy body turning in water",
    "flier": "soft wing beats and feathers moving in air",
}  # fmt: skip

CAMERAS = (
    "Slow push in.", "Static frame.", "Slow pan right.", "Gentle drift left.", "Slow pull back.", "Slow tilt up.",
        "Slow pan left.",
)  # fmt: skip
