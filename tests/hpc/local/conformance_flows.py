"""Small dynamic flows, in a module that workers can import; every job leaves a trace of when it ran.

Jobs are told apart by their names, which begin with the name of their flow: those of a replacement have new uuids in
each run.
"""

from __future__ import annotations

import json
import os
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jobflow import CURRENT_JOB, Flow, JobConfig, JobOrder, OnMissing, OutputReference, Response, job

from lianode.hpc.any_order import in_any_order

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from jobflow import Job

TRACE = "LIANODE_TEST_TRACE"
"""Environment variable with the folder of the traces."""


@contextmanager
def _traced() -> Iterator[None]:
    current = CURRENT_JOB.job
    file = Path(os.environ[TRACE]) / f"{current.name}@{current.index}.json"
    began = time.monotonic()
    file.write_text(json.dumps([began, None, os.getpid()]))
    yield
    file.write_text(json.dumps([began, time.monotonic(), os.getpid()]))


def named(made: Job, name: str) -> Job:
    """Name a job; one that a running job makes gets the name of its flow in front."""
    running = CURRENT_JOB.job
    made.name = f"{running.name.split(': ')[0]}: {name}" if running is not None else name
    return made


def build(name: str) -> Flow:
    """Return the flow ``name``, with its name in front of those of its jobs."""
    flow = FLOWS[name]()
    flow.name = name
    with in_any_order():
        jobs = [made for made, _ in flow.iterflow()]
    for made in jobs:
        made.name = f"{name}: {made.name}"
    return flow


@job
def add(a: Any, b: Any = 0) -> Any:
    with _traced():
        return None if a is None else a + (b or 0)


@job(config=JobConfig(on_missing_references=OnMissing.NONE))
def collect(items: list[Any]) -> list[Any]:
    with _traced():
        return items


@job
def strict_collect(items: list[Any]) -> list[Any]:
    with _traced():
        return items


@job
def slow(value: Any, seconds: float) -> Any:
    with _traced():
        time.sleep(seconds)
        return value


@job
def fail(text: str) -> None:
    with _traced():
        raise ValueError(text)


@job
def end(code: int) -> None:
    """Take the process down, without a word."""
    with _traced():
        os._exit(code)


@job
def replace_with_job(value: int) -> Response:
    with _traced():
        return Response(output=-1, replace=named(add(value, 100), "replacement"))


@job
def replace_with_flow(value: int) -> Response:
    with _traced():
        first = named(add(value, 1), "inner 1")
        second = named(add(first.output, 1), "inner 2")
        return Response(replace=Flow([first, second], output=second.output))


@job
def replace_with_flow_without_output(value: int) -> Response:
    """The inner job uses the output of the job that it replaces."""
    with _traced():
        inner = named(add(OutputReference(CURRENT_JOB.job.uuid), 1), "inner")
        return Response(output=value, replace=Flow([inner]))


@job
def replace_with_list(value: int) -> list[Job]:
    with _traced():
        return [named(add(value, n), f"part {n}") for n in range(3)]


@job
def countdown(value: int) -> Any:
    """Replace itself until nothing is left."""
    with _traced():
        if value == 0:
            return "lift-off"
        return Response(output=value, replace=named(countdown(value - 1), "countdown"))


@job
def replace_nested(value: int) -> Response:
    with _traced():
        inner = named(replace_with_flow(value), "nested")
        after = named(add(inner.output, 1000), "after nested")
        return Response(replace=Flow([inner, after], output=after.output))


@job
def replace_with_failing_flow() -> Response:
    with _traced():
        broken = named(fail("inside"), "inside")
        return Response(replace=Flow([broken], output=broken.output))


@job
def detour(value: int) -> Response:
    with _traced():
        first = named(slow(value, 0.05), "detour 1")
        return Response(output=value, detour=Flow([first, named(add(first.output, 1), "detour 2")]))


@job
def detour_with_own_output(value: int) -> Response:
    """The detour uses the output of the job that it detours from, which jobflow refuses."""
    with _traced():
        return Response(output=value, detour=named(add(OutputReference(CURRENT_JOB.job.uuid), 5), "detoured"))


@job
def detour_that_fails(value: int) -> Response:
    with _traced():
        return Response(output=value, detour=named(fail("on the way"), "on the way"))


@job
def addition(value: int) -> Response:
    with _traced():
        return Response(output=value, addition=[named(add(value, n), f"added {n}") for n in range(2)])


@job
def all_at_once(value: int) -> Response:
    with _traced():
        return Response(
            output=value,
            replace=named(add(value, 10), "replaced"),
            detour=named(add(value, 20), "detoured"),
            addition=named(add(value, 30), "added"),
        )


@job
def stop_children(value: int) -> Response:
    with _traced():
        return Response(output=value, stop_children=True)


@job
def stop_everything(value: int) -> Response:
    with _traced():
        return Response(output=value, stop_jobflow=True, addition=named(add(value), "never"))


def diamond() -> Flow:
    """A job used by several children, and a child of several."""
    top = named(add(1, 2), "top")
    sides = [named(add(top.output, n), f"side {n}") for n in range(4)]
    return Flow([*sides, top, named(strict_collect([side.output for side in sides]), "bottom")], order=JobOrder.AUTO)


def replaced_by_job() -> Flow:
    first = named(replace_with_job(1), "first")
    return Flow([first, named(add(first.output, 1), "child")])


def replaced_by_flow() -> Flow:
    first = named(replace_with_flow(1), "first")
    return Flow([first, *(named(add(first.output, n), f"child {n}") for n in range(3))])


def replaced_without_output() -> Flow:
    first = named(replace_with_flow_without_output(7), "first")
    return Flow([first, named(add(first.output, 1), "child")])


def replaced_by_list() -> Flow:
    first = named(replace_with_list(5), "first")
    return Flow([first, named(strict_collect(first.output), "child")])


def replaced_again_and_again() -> Flow:
    first = named(countdown(3), "countdown")
    return Flow([first, named(strict_collect([first.output]), "child")])


def nested_replacement() -> Flow:
    first = named(replace_nested(1), "first")
    return Flow([first, named(add(first.output, 1), "child")])


def failing_replacement() -> Flow:
    first = named(replace_with_failing_flow(), "first")
    return Flow(
        [
            first,
            named(add(first.output, 1), "child"),
            named(collect([first.output, 1]), "tolerant child"),
            named(add(1), "stranger"),
        ]
    )


def detoured() -> Flow:
    first = named(detour(3), "first")
    return Flow([first, named(add(first.output, 1), "child")])


def detoured_with_own_output() -> Flow:
    first = named(detour_with_own_output(3), "first")
    return Flow([first, named(add(first.output, 1), "child")])


def failing_detour() -> Flow:
    first = named(detour_that_fails(3), "first")
    return Flow([first, named(add(first.output, 1), "child")])


def with_additions() -> Flow:
    first = named(addition(3), "first")
    return Flow([first, named(add(first.output, 1), "child")])


def everything_at_once() -> Flow:
    first = named(all_at_once(1), "first")
    return Flow([first, named(add(first.output, 1), "child")])


def missing_references() -> Flow:
    broken = named(fail("broken"), "broken")
    child = named(add(broken.output, 1), "child")
    grandchild = named(add(child.output, 1), "grandchild")
    good = named(add(1, 1), "good")
    return Flow(
        [
            broken,
            child,
            grandchild,
            good,
            named(collect([broken.output, good.output]), "tolerant"),
            named(collect([grandchild.output, good.output]), "tolerant of skipped"),
            named(strict_collect([broken.output, good.output]), "strict"),
        ]
    )


def stopped_children() -> Flow:
    first = named(stop_children(1), "first")
    child = named(add(first.output, 1), "child")
    return Flow([first, child, named(collect([child.output]), "grandchild"), named(add(1), "stranger")])


def stopped_altogether() -> Flow:
    first = named(add(1), "before")
    second = named(stop_everything(2), "stop")
    return Flow(
        [first, second, named(add(3), "after"), named(collect([second.output]), "child")], order=JobOrder.LINEAR
    )


def linear() -> Flow:
    first = Flow([named(slow(0, 0.05), "a 1"), named(slow(0, 0.02), "a 2")])
    second = Flow([named(slow(0, 0.05), "b 1"), named(slow(0, 0.02), "b 2")])
    return Flow([first, second, named(replace_with_flow(1), "c"), named(add(1), "d")], order=JobOrder.LINEAR)


def linear_with_a_failure() -> Flow:
    return Flow(
        [named(add(1), "a"), named(fail("here"), "b"), named(add(3), "c"), named(collect([4]), "d")],
        order=JobOrder.LINEAR,
    )


def wide() -> Flow:
    """More skipped jobs in a row than Python has stack frames."""
    broken = named(fail("broken"), "broken")
    return Flow([broken, *(named(add(broken.output, n), f"child {n}") for n in range(1200))])


FLOWS: dict[str, Callable[[], Flow]] = {
    made.__name__: made
    for made in (
        diamond, replaced_by_job, replaced_by_flow, replaced_without_output, replaced_by_list,
        replaced_again_and_again, nested_replacement, failing_replacement, detoured, detoured_with_own_output,
        failing_detour, with_additions, everything_at_once, missing_references, stopped_children, stopped_altogether,
        linear, linear_with_a_failure,
    )
}  # fmt: skip
