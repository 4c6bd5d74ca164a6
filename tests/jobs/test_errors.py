"""Errors that reach a job by way of Ray: in the words of whoever raised them."""

import pytest
from ray.exceptions import ActorDiedError, RayTaskError

from jobs.errors import BUG, MISTAKE, in_words


@pytest.mark.parametrize(
    ("cause", "code"),
    [
        (PermissionError("a bucket must allow reading, got AccessDenied"), MISTAKE),
        (ValueError("a rule, got 1: a way out"), MISTAKE),
        (TypeError("a number was expected"), BUG),
    ],
)
def test_what_an_actor_raised_is_said_as_if_it_was_raised_here(cause: Exception, code: int) -> None:
    carried = RayTaskError("make", "Traceback", cause).as_instanceof_cause()
    said, found = in_words(carried)
    assert found == code and str(cause) in said and "Ray must answer" not in said


def test_what_ray_lost_is_said_to_be_rays() -> None:
    said, code = in_words(ActorDiedError())
    assert code == MISTAKE and said.startswith("Ray must answer, got ActorDiedError")
