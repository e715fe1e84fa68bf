"""The JSON schema of plan.json, as the planning model's structured output takes it.

Only keywords that Gemini's `responseJsonSchema` knows: it ignores or refuses others (no pattern, no minLength, no
const). Whatever the schema cannot say, `plan.parse` and `craft.complaints` say afterwards.
"""

from videod.core import craft_clips
from videod.core.plan import KINDS, PICTURE_TYPES, ROLES, SCALE_MAX, SCALE_MIN, VERSION

Schema = dict[str, object]


def schema(clips: int | None = None, images: int | None = None) -> Schema:
    """The schema of a plan; with numbers, of a plan that has exactly so many clips and images."""
    return _object("The plan of a documentary episode", {
        "version": {"type": "integer", "minimum": VERSION, "maximum": VERSION},
        "title": _text("At most 100 characters, no < or >"),
        "logline": _text("The film in one sentence"),
        "description": _text("For YouTube: what the film shows, 2 to 5 sentences, no < or >"),
        "tags": _list(_text("One search term, no comma"), "At most 450 characters together"),
        "research": _list(_text("One fact of the topic"), "The facts that the story stands on; nothing invented"),
        "arc": _object("The story; every part is filled and says something of its own", {
            "want": _text("What the protagonist needs"),
            "obstacle": _text("What stands in the way"),
            "escalation": _text("How it becomes worse"),
            "turn": _text("A choice with a consequence"),
            "resolution": _text("How it ends"),
        }),
        "atmosphere": _text("Put before every image prompt: weather, light, time of day, lens, texture, colour"),
        "images": _list(_image(), "Every image to generate", images),
        "clips": _list(_clip(), "Every clip in order", clips),
    })  # fmt: skip


def _image() -> Schema:
    return _object("One image", {
        "id": _text("1 to 40 of a-z, 0-9 and _, unique, such as bear_core"),
        "kind": _choice(KINDS, "What it shows"),
        "subject": _text("Name of the character, place or prop, spelt alike in all its images"),
        "species": _nullable({"type": "string"}, "Named species; required for a character, else null"),
        "role": _nullable({"type": "string", "enum": list(ROLES)}, "Required for a character, else null"),
        "core": {"type": "boolean", "description": "True for exactly one image of each character, else false"},
        "prompt": _text("A photograph: one static state at one instant. Not the core image: pose and place only"),
    })  # fmt: skip


def _clip() -> Schema:
    lengths = f"{craft_clips.SOUND_WORDS_MIN} to {craft_clips.SOUND_WORDS_MAX} words"
    return _object("One clip", {
        "number": {"type": "integer", "minimum": 1, "description": "1, 2, 3 ... without gaps"},
        "beat": _text("The one moment that this clip shows"),
        "picture": _object("What the clip starts from; no two clips have the same", {
            "type": _choice(PICTURE_TYPES, "full: one image; cutout: a character before a place; split: two halves"),
            "images": _list(_text("Id of an image"), "full: 1; cutout: character, environment; split: left, right"),
            "scale": {
                "type": "number", "minimum": SCALE_MIN, "maximum": SCALE_MAX,
                "description": "cutout: height of the character as a share of the frame; else 1.0",
            },
        }),
        "motion": _text("Core action first, then the body part, cause and effect, the camera last: 'Slow push in.'"),
        "negative": _text("Such as: blur, distort, low quality"),
        "narration": _text("One sentence of about 10 words without a comma, present tense, no dash, no ellipsis"),
        "sound": _text(f"{lengths}, from 'Continuous ...' to '{craft_clips.SOUND_LAST}', no music"),
    })  # fmt: skip


def _object(description: str, properties: dict[str, Schema]) -> Schema:
    return {
        "type": "object",
        "description": description,
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _text(description: str) -> Schema:
    return {"type": "string", "description": description}


def _choice(values: tuple[str, ...], description: str) -> Schema:
    return {"type": "string", "enum": list(values), "description": description}


def _nullable(of: Schema, description: str) -> Schema:
    return {"anyOf": [of, {"type": "null"}], "description": description}


def _list(of: Schema, description: str, count: int | None = None) -> Schema:
    exactly: Schema = {} if count is None else {"minItems": count, "maxItems": count}
    return {"type": "array", "items": of, "description": description, **exactly}
