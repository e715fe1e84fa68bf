"""KIE.ai: the task API ("kie") and the file upload host ("kie_upload"), two apps as in the real world.

The clips are filmed with FFmpeg from the same image that was uploaded (see `render.clips`). What differs from the
real service, on purpose: files lie under the simulated service's own address, clips are silent, `callBackUrl` is
accepted and never called, and what a failed task cost is given back as a "refund" with a negative price.

Faults of its own (of service "kie" unless said otherwise):
  no_credit, sub_key_limit, code_429, code_500, maintenance, unreachable_image   the envelope codes 402, 433, ... 451
  null_record       recordInfo answers 422 "recordInfo is null"
  fail_generation   the task ends in state fail, failCode "500"
  fail_refused      the task ends in state fail with a content policy message
  stuck             the task never leaves generating
  late              the task needs `seconds` more
  short_clip        the clip has half the length asked for;  corrupt_clip: it is cut off in the middle
  expired_result    a media file answers 404
  another_price     the price of a model is said to be another one than is charged
The first kinds and those that decide a task's fate are taken at createTask.
"""

from videod.sandbox.kie.api import build
from videod.sandbox.kie.upload import build as build_upload

FAULT_KINDS = (
    "no_credit", "sub_key_limit", "code_429", "code_500", "maintenance", "unreachable_image", "null_record",
    "fail_generation", "fail_refused", "stuck", "late", "short_clip", "corrupt_clip", "expired_result", "another_price",
)  # fmt: skip

__all__ = ["FAULT_KINDS", "build", "build_upload"]
