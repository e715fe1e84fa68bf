"""Every way in which people name a YouTube channel: one form each, or a sentence."""

import pytest

from videod.core.youtube_names import canonical

ID = "UCabcdefghijklmnopqrstuv"


@pytest.mark.fault("3.1")
@pytest.mark.parametrize(
    ("given", "name"),
    [
        (ID, ID),
        (f"  {ID} ", ID),
        ("UC-_-_-_-_-_-_-_-_-_-_-_", "UC-_-_-_-_-_-_-_-_-_-_-_"),
        ("@WildPlanet", "@wildplanet"),
        ("@wild.planet-1", "@wild.planet-1"),
        ("@vögel", "@vögel"),
        ("https://www.youtube.com/@WildPlanet", "@wildplanet"),
        ("https://www.youtube.com/@WildPlanet/videos?view=0#top", "@wildplanet"),
        ("https://youtube.com/@v%C3%B6gel", "@vögel"),
        ("HTTPS://WWW.YOUTUBE.COM/@wild", "@wild"),
        ("www.youtube.com/@wild", "@wild"),
        ("youtube.com/@wild/", "@wild"),
        (f"https://www.youtube.com/channel/{ID}", ID),
        (f"http://m.youtube.com/channel/{ID}/about", ID),
        (f"https://studio.youtube.com/channel/{ID}/videos/upload", ID),
        ("https://www.youtube.com/user/BBCEarth", "user/BBCEarth"),
    ],
)
def test_a_channel_is_known_by_each_of_its_names(given: str, name: str) -> None:
    assert canonical(given) == name


@pytest.mark.fault("3.1")
@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("https://www.youtube.com/c/WildPlanet", "custom address"),
        ("https://www.youtube.com/WildPlanet", "custom address"),
        ("https://www.youtube.com/watch?v=dQw4w9WgXcQ", "not a link to a channel"),
        ("https://youtu.be/dQw4w9WgXcQ", "link of a video"),
        ("https://www.youtube.com/playlist?list=PLabcdefghijkl", "not a link to a channel"),
        ("https://www.youtube.com/channel/", "names no channel"),
        ("https://www.youtube.com", "names no channel"),
        ("https://example.com/@wild", "a link to example.com"),
        ("https://youtube.com.example.org/@wild", "a link to youtube.com.example.org"),
        ("UUabcdefghijklmnopqrstuv", "is a playlist"),
        ("Wild Planet", "is not a YouTube channel"),
        ("wildplanet", "is not a YouTube channel"),
        ("someone@gmail.com", "e-mail address"),
        ("@", "is not a YouTube channel"),
        ("UC", "is not a YouTube channel"),
        ("", "is not a YouTube channel"),
    ],
)
def test_what_names_no_channel_is_refused_with_what_to_write(given: str, told: str) -> None:
    with pytest.raises(ValueError, match=r"id \(U|@handle") as refused:
        canonical(given)
    assert told in str(refused.value)
