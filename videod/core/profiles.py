"""What a channel's film is made of, by `profile` of its file: it says what other keys are where they are left out.

`standard` is what films always were: every shot a clip of the model of the settings, an effect for each. `economy` is
made for at most 4.00 USD an episode of 18 shots: cheaper clips, a third of the shots still ones, an effect for each
place.
"""

from collections.abc import Mapping

#: the keys of a channel's file that a profile may set
KEYS = ("video_model", "clip_seconds", "stills", "effects", "target_usd")
STANDARD, ECONOMY = "standard", "economy"
PROFILES = (STANDARD, ECONOMY)
#: of the economy profile: dollars of an episode for each of its shots, and which share of them is still
TARGET_USD_A_SHOT, SHARE = 4.00 / 18, 3
MODEL, SECONDS = "bytedance/v1-pro-fast-image-to-video@720p", 10


def keys(profile: str, clips: int) -> Mapping[str, object]:
    """The keys of a channel's file that the profile sets for episodes of so many shots."""
    if profile != ECONOMY:
        return {}
    some = max(1, clips // SHARE)
    target = round(TARGET_USD_A_SHOT * clips, 2)
    return {"video_model": MODEL, "clip_seconds": SECONDS, "stills": some, "effects": some, "target_usd": target}
