"""What a thumbnail's script gets to know of the picture."""

from dataclasses import replace

import pytest

from tests.core.test_steps import context
from tests.core.test_workflow import at_gate
from videod.core.statuses import Gate
from videod.core.tables import STEPS

PLACE = "0.200,0.300,0.600,0.900"


@pytest.mark.parametrize("name", ["thumbnail/one", "thumbnail/two"])
def test_the_script_gets_the_place_of_the_figure_in_its_picture_or_clip(name: str) -> None:
    paper = at_gate(Gate.FINAL)
    source = str(paper.jobs[name].args["picture"])
    shown = str(paper.jobs[source].args.get("picture", source))
    assert shown.startswith("composite/")
    ordered = {job.name: job.args for job in paper.jobs.values()}
    besides = STEPS["thumbnail"].besides
    assert besides is not None
    at = replace(context(paper.one), ordered=ordered, facts={shown: {"figure": PLACE}})
    assert besides(paper.jobs[name], at) == ("--figure", PLACE)
    assert besides(paper.jobs[name], replace(at, facts={shown: {"figure": 5}})) == ()
    assert besides(paper.jobs[name], replace(at, facts={})) == ()
