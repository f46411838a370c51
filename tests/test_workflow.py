"""What the workflow may do: who can write there installs nothing and runs nothing of ours."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
WORKFLOW = yaml.safe_load(next((ROOT / ".github" / "workflows").glob("*.yml")).read_text("utf-8"))
JOBS: dict[str, Any] = WORKFLOW["jobs"]


def steps(job: str) -> str:
    return "\n".join(str(step.get("run", "")) + str(step.get("uses", "")) for step in JOBS[job]["steps"])


def test_nobody_may_write_but_who_publishes() -> None:
    assert WORKFLOW["permissions"] == {"contents": "read"}
    writers = {name for name, job in JOBS.items() if "write" in job.get("permissions", {}).values()}
    assert writers == {"publish", "report"}
    assert JOBS["report"]["permissions"] == {"issues": "write"}


@pytest.mark.parametrize("job", ["publish", "report"])
def test_who_may_write_installs_nothing_and_runs_nothing_of_the_repository(job: str) -> None:
    assert not re.search(r"\b(?:pip|npm|make|python|checkout|setup-)\b|\.ci/", steps(job)), steps(job)


def test_what_is_published_is_what_was_tested() -> None:
    assert re.search(r"\.ci/run\nmake site\nactions/upload-artifact@", steps("test"))
    assert "test" in JOBS["publish"]["needs"]
    assert steps("publish").startswith("actions/download-artifact@")


def test_every_action_is_one_commit() -> None:
    used = re.findall(r"actions/\S+", "\n".join(map(steps, JOBS)))
    assert used
    assert all(re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40}", use) for use in used)


def test_the_notebooks_run_weekly_in_colabs_image_and_a_failure_is_told() -> None:
    assert WORKFLOW[True]["schedule"]  # YAML reads the key `on` as a truth
    assert "colab-images" in JOBS["colab"]["container"]
    assert "colab" in JOBS["report"]["needs"]
    assert "gh issue create" in steps("report")
