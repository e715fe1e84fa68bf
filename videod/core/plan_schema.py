"""The JSON schema of plan.json, as the planning model's structured output takes it.

Only keywords that Gemini's `responseJsonSchema` knows: it ignores or refuses others (no pattern, no minLength, no
const). Whatever the schema cannot say, `plan.parse` and `craft.complaints` say afterwards.
"""

from videod.core import craft_clips
from videod.core.craft_times import ATMOSPHERES_MAX
from videod.core.plan import HOLD_S_MAX, KEYS, KINDS, PICTURE_TYPES, POSITIONS, ROLES, SCALE_MAX, SCALE_MIN, VERSION
from videod.core.schemas import Schema, a_choice, a_list, a_number, a_text, an_object, or_null

SAID = "What is said over the clip: 1.5 to 8 s, 6 s on average; present tense, no dash"


def schema(
    clips: int | None = None, images: int | None = None, stills: bool = False, wordless: bool = False
) -> Schema:  # fmt: skip
    """The schema of a plan; with numbers, of a plan that has so many clips and at most so many images.

    `stills`: some of its shots may be still ones. `wordless`: over some nobody may speak.
    """
    return an_object("The plan of a documentary episode", {
        "version": {"type": "integer", "minimum": VERSION, "maximum": VERSION},
        "title": a_text("At most 100 characters, no < or >"),
        "logline": a_text("The film in one sentence"),
        "description": a_text("For YouTube: what the film shows, 2 to 5 sentences, no < or >"),
        "tags": a_list(a_text("One search term, no comma"), "At most 450 characters together"),
        "research": a_list(a_text("One fact of the topic"), "The facts that the story stands on; nothing invented"),
        "arc": an_object("The story; every part is filled and says something of its own", {
            "want": a_text("What the protagonist needs"),
            "obstacle": a_text("What stands in the way"),
            "escalation": a_text("How it becomes worse"),
            "turn": a_text("A choice with a consequence"),
            "resolution": a_text("How it ends"),
        }),
        "atmosphere": a_text("Put before every image prompt: weather, light, time of day, lens, texture, colour"),
        "later_atmospheres": a_list(
            a_text("As the first, in order of time"), "Where time passes: up to two more", most=ATMOSPHERES_MAX - 1
        ),
        "images": a_list(_image(), "Every image to generate: as many as the clips need", most=images),
        "clips": a_list(_clip(stills, wordless), "Every clip in order", clips),
    }, optional=("later_atmospheres",))  # fmt: skip


def _image() -> Schema:
    return an_object("One image", {
        "id": a_text("1 to 40 of a-z, 0-9 and _, unique, such as bear_core"),
        "kind": a_choice(KINDS, "What it shows"),
        "subject": a_text("Name of the character, place or prop, spelt alike in all its images"),
        "species": or_null({"type": "string"}, "Named species; required for a character, else null"),
        "role": or_null({"type": "string", "enum": list(ROLES)}, "Required for a character, else null"),
        "core": {"type": "boolean", "description": "True for exactly one image of each character, else false"},
        "prompt": a_text("A photograph: one static state at one instant. Not the core image: pose and place only"),
        "time": a_number("Number of its atmosphere, where there are several; else 1"),
        "with": a_list(a_text("Subject of a character"), "Other characters in it: their cores are references too"),
        "key": a_choice(KEYS, "A character that is cut out: the colour of its background, one that it does not have"),
    }, optional=("time", "with", "key"))  # fmt: skip


def _clip(stills: bool, wordless: bool) -> Schema:
    lengths = f"{craft_clips.SOUND_WORDS_MIN} to {craft_clips.SOUND_WORDS_MAX} words"
    fields: dict[str, Schema] = {
        "number": {"type": "integer", "minimum": 1, "description": "1, 2, 3 ... without gaps"},
        "beat": a_text("The one moment that this clip shows"),
        "picture": an_object("What the clip starts from; no two clips have the same", {
            "type": a_choice(PICTURE_TYPES, "full: one image; cutout: a character before a place; split: two halves"),
            "images": a_list(a_text("Id of an image"), "full: 1; cutout: character, environment; split: left, right"),
            "scale": {
                "type": "number", "minimum": SCALE_MIN, "maximum": SCALE_MAX,
                "description": "cutout: height of the character as a share of the frame; else 1.0",
            },
            "position": a_choice(POSITIONS, "cutout: where the character stands; else center"),
        }, optional=("position",)),
        "motion": a_text("Core action first, then the body part, cause and effect, the camera last: 'Slow push in.'"),
        "negative": a_text("Such as: blur, distort, low quality"),
        "narration": a_text(f"{SAID}; empty in a shot without words" if wordless else SAID),
        "sound": a_text(f"{lengths}, from 'Continuous ...' to '{craft_clips.SOUND_LAST}', no music"),
        "hold": {
            "type": "number", "minimum": 0.0, "maximum": HOLD_S_MAX,
            "description": "Seconds that the picture stays when its words are over: one shot in six, else 0",
        },
    }  # fmt: skip
    if stills:
        fields["still"] = {"type": "boolean", "description": "True: nothing moves in it, only the camera does"}
    return an_object("One clip", fields, optional=("hold", "still"))
