"""A band in rounds: evaluate the images, see whether that was enough, learn, and move the images where it was not.

Between two rounds the images relax on a surrogate of the energy, which costs nothing; what counts are the true forces
of every image where it is at the end. Where the surrogate does not get there, the images follow their true forces.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import LinAlgError

from lianode.workflows.calculation import State
from lianode.workflows.engine import Progress
from lianode.workflows.engines.band.archive import UNKNOWN, Archive
from lianode.workflows.engines.band.nudged import Limits, idpp, relax_on
from lianode.workflows.engines.band.path import largest, refuse_crossing, straight
from lianode.workflows.engines.band.ridge import displaced
from lianode.workflows.engines.band.state import BandRun, BandState, EvaluationError, StoppedError
from lianode.workflows.engines.md_files import Clock
from lianode.workflows.engines.surrogate.energy import Surrogate
from lianode.workflows.engines.surrogate.pairs import kinds, neighbours

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lianode.workflows.engine import RunContext
    from lianode.workflows.engines.band.mirror import Mirror
    from lianode.workflows.engines.band.state import Evaluator
    from lianode.workflows.task import NebTask

    Array = NDArray[np.float64]

TRUST, LEAST_TRUST, MOST_TRUST = 0.1, 0.03, 0.5
"""Å: how far an atom may move in a round, at first and at all; grows while the surrogate keeps its promises."""
KEPT, BROKEN = 0.25, 0.6
"""Error of a promised energy relative to the change of the energy: below, the trust grows; above, it shrinks."""
WORSE = 3.0
"""Factor of the largest perpendicular force over the best so far at which the band goes back."""
INSIDE = 0.3
"""Share of the limits to which a band is relaxed on the surrogate."""
SURROGATE_ROUNDS = 30
"""Rounds after which the images follow their true forces."""
SETTLED_STEPS = 5
"""Steps over which the barrier has to have settled."""
STILL = 1e-5
"""Å: an image that moves less is where it was, and is not computed again."""
SAME_HEIGHT = 1e-3
"""eV: another image has to be higher by this to climb instead."""


class BandOptimiser:
    """One attempt at a band, with what earlier ones left.

    Parameters
    ----------
    ends
        (2, n, 3), Å, not wrapped: the second continues the first.
    cell
        (3, 3), Å.
    symbols
        Elements.
    evaluate
        Energies and forces.
    task, context
        What to reach, where and until when.
    mirror
        Of a symmetric hop, of which half is computed.

    Raises
    ------
    InputError
        When the straight path runs through an atom.
    """

    def __init__(
        self,
        ends: Array,
        cell: Array,
        symbols: list[str],
        *,
        evaluate: Evaluator,
        task: NebTask,
        context: RunContext,
        mirror: Mirror | None = None,
    ) -> None:
        self.ends, self.evaluate, self.task, self.context, self.mirror = ends, evaluate, task, context, mirror
        refuse_crossing(ends[0], ends[1], cell, symbols)
        fine = np.concatenate([ends[:1], straight(ends[0], ends[1], 9), ends[1:]])
        self.pairs = neighbours(fine, cell)
        self.kinds = kinds(self.pairs, symbols)
        self.computed = task.images if mirror is None else (task.images + 1) // 2
        found = Archive.read(context.directory, ends, self.computed)
        self.archive = found or Archive.begin(self._start(), TRUST)
        self.clock = time.perf_counter()
        self.base = (self.archive.evaluation_time_s, self.archive.wall_time_s)
        self.due = Clock(context.checkpoint_interval_s)

    def displace(self) -> None:
        """Displace the images of a band that has not begun, so that they have no symmetry."""
        if not self.archive.energies:
            self.archive.images = displaced(self.archive.images)

    def run(self) -> BandRun:
        """Take rounds until the band holds, the steps are used up, or someone stops it."""
        band: BandState | None = None
        taken = 0
        try:
            while True:
                self._complete()
                band = self._band()
                if not np.isfinite(band.energies).all() or not np.isfinite(band.forces).all():
                    return self._ended(State.FAILED, "the energy or a force of an image is not finite", band)
                self.archive.barriers.append(band.barrier)
                self._tell(band)
                if self._is_done(band):
                    return self._ended(State.CONVERGED, None, band)
                if taken >= self.task.max_steps:
                    self.archive.barriers.pop()  # the next run judges this band again
                    return self._ended(State.UNCONVERGED, self._unconverged(band), band)
                taken += 1
                self._move(band)
        except StoppedError:
            return self._ended(State.INTERRUPTED, "stopped; the next run continues it", band)
        except EvaluationError as error:
            return self._ended(State.FAILED, str(error), band)

    def _start(self) -> Array:
        made = idpp(self.ends[0], self.ends[1], self.task.images, self.pairs)
        if self.mirror is None:
            return made
        return self._middle_on_itself(0.5 * (made + self.mirror.positions(made[::-1]))[: self.computed])

    def _middle_on_itself(self, half: Array) -> Array:
        """Return the first half of a mirrored band with its middle image exactly symmetric."""
        if self.mirror is not None and self.task.images % 2:
            half[-1] = 0.5 * (half[-1] + self.mirror.positions(half[-1]))
        return half

    def _complete(self) -> None:
        """Evaluate what is not known: the end points, then the images."""
        archive = self.archive
        while len(archive.energies) < 2:
            if self.mirror is not None and len(archive.energies) == 1:
                archive.add(self.ends[1], archive.energies[0], self.mirror.vectors(archive.forces[0]))
                continue
            self._evaluate(self.ends[len(archive.energies)][None])
        while (missing := np.flatnonzero(archive.rows == UNKNOWN)).size:
            batch = missing[: self.evaluate.at_once]
            first = self._evaluate(archive.images[batch])
            archive.rows[batch] = np.arange(first, first + len(batch))
            if self.due.due():
                self._save()

    def _evaluate(self, images: Array) -> int:
        if self.context.must_stop():
            self._save()
            raise StoppedError
        first = len(self.archive.energies)
        energies, forces = self.evaluate(images, first)
        for positions, energy, force in zip(images, energies, forces, strict=True):
            self.archive.add(positions, float(energy), force)
        return first

    def _band(self) -> BandState:
        """Return the band as evaluated; of a mirrored one the other half follows."""
        archive = self.archive
        half_energies = np.array([archive.energies[row] for row in archive.rows])
        half_forces = np.array([archive.forces[row] for row in archive.rows])
        images, energies, forces = archive.images, half_energies, half_forces
        if self.mirror is not None:
            images, energies, forces = self._unfold(images, energies, forces)
        levels = np.concatenate([archive.energies[:1], energies, archive.energies[1:2]])
        highest = 1 + int(energies.argmax())
        if self.task.images % 2 and energies.max() - energies[len(energies) // 2] < SAME_HEIGHT:
            highest = 1 + len(energies) // 2
        climbs = levels[highest] > max(levels[0], levels[-1])
        return BandState(
            positions=np.concatenate([self.ends[:1], images, self.ends[1:]]),
            energies=levels,
            forces=np.concatenate([archive.forces[0][None], forces, archive.forces[1][None]]),
            climbing=highest if climbs else None,
        )

    def _unfold(self, images: Array, energies: Array, vectors: Array) -> tuple[Array, Array, Array]:
        """Return images, energies and forces of the whole band from those of its first half."""
        assert self.mirror is not None  # noqa: S101 - for the type checker
        rest = self.task.images - self.computed
        if self.task.images % 2:
            vectors = vectors.copy()
            vectors[-1] = 0.5 * (vectors[-1] + self.mirror.vectors(vectors[-1]))
        other = slice(rest - 1, None, -1) if rest else slice(0, 0)
        return (
            np.concatenate([images, self.mirror.positions(images[other])]),
            np.concatenate([energies, energies[other]]),
            np.concatenate([vectors, self.mirror.vectors(vectors[other])]),
        )

    def _is_done(self, band: BandState) -> bool:
        """Whether all forces are within their limits and the barrier has settled."""
        if not band.reached(self.task).all():
            return False
        last = self.archive.barriers[-SETTLED_STEPS - 1 :]
        settled = len(last) > SETTLED_STEPS and np.ptp(last) * 1e3 <= self.task.barrier_change_meV
        return bool(settled) or band.climbing is None

    def _move(self, band: BandState) -> None:
        """Put the images that are not there yet where they should be."""
        archive = self.archive
        self._judge_surrogate(band)
        force = float(band.perpendicular_forces().max())
        if force < archive.best_force:
            archive.best, archive.best_rows, archive.best_force = archive.images.copy(), archive.rows.copy(), force
        elif force > WORSE * archive.best_force and archive.best is not None and archive.best_rows is not None:
            archive.images, archive.rows = archive.best.copy(), archive.best_rows.copy()
            archive.trust = max(0.25 * archive.trust, LEAST_TRUST)
            archive.best_force *= 2.0  # the way down may lead over larger forces: the same step is not undone twice
            band = self._band()
        settled = band.reached(self.task)
        if settled.all() and band.climbing is not None:
            settled[band.climbing - 1] = False  # the steps over which the barrier has to settle
            if self.mirror is not None:
                settled[self.task.images - band.climbing] = False
        archive.before = band.energies[1 : 1 + self.computed]
        if len(archive.barriers) > SURROGATE_ROUNDS:
            self._follow_forces(band, settled)
            return
        try:
            moved, promised = self._on_surrogate(band, settled)
        except LinAlgError:
            self._follow_forces(band, settled)
            return
        half = slice(0, self.computed)
        still = largest(moved[half] - archive.images) < STILL
        if still.all() and not band.reached(self.task).all():  # the surrogate thinks that it is done, and is wrong
            self._follow_forces(band, settled)
            return
        kept = settled[half] | still
        archive.images = self._middle_on_itself(np.where(kept[:, None, None], archive.images, moved[half]))
        archive.rows = np.where(kept, archive.rows, UNKNOWN)
        archive.predicted = promised[half]

    def _judge_surrogate(self, band: BandState) -> None:
        """Trust the surrogate further where its promises were kept."""
        archive = self.archive
        promised, before, now = archive.predicted, archive.before, band.energies[1 : 1 + self.computed]
        if not np.isfinite(promised).all():
            return
        error = float(np.abs(promised - now).max()) / max(float(np.abs(now - before).max()), 5e-3)
        if error < KEPT:
            archive.trust = min(1.7 * archive.trust, MOST_TRUST)
        elif error > BROKEN:
            archive.trust = max(0.5 * archive.trust, LEAST_TRUST)

    def _on_surrogate(self, band: BandState, settled: NDArray[np.bool_]) -> tuple[Array, Array]:
        """Return the images (k, n, 3) relaxed on the surrogate, and the energies it promises them."""
        archive, task = self.archive, self.task
        surrogate = Surrogate(
            self.pairs, self.kinds, np.array(archive.positions), np.array(archive.energies), np.array(archive.forces)
        )
        k, n = task.images, len(self.ends[0])

        def surface(flat: Array) -> tuple[Array, Array]:
            if self.mirror is None:
                return surrogate(flat)
            half = flat[: self.computed]
            energies, gradients = surrogate(half)
            _, energies, vectors = self._unfold(half.reshape(-1, n, 3), energies, gradients.reshape(-1, n, 3))
            return energies, vectors.reshape(k, -1)

        def relaxed(images: Array, climbing: int | None, iterations: int) -> Array:
            limits = Limits(
                force=INSIDE * task.max_force,
                climb_force=INSIDE * task.max_climb_force,
                iterations=iterations,
                trust=archive.trust,
            )
            return relax_on(
                surface,
                (self.ends[0].ravel(), self.ends[1].ravel()),
                images,
                inverse=surrogate.inverse,
                climbing=climbing,
                fixed=settled,
                limits=limits,
                end_energies=(archive.energies[0], archive.energies[1]),
            )

        images = band.positions[1:-1].reshape(k, -1)
        climbing = band.climbing
        if len(archive.barriers) <= 2 or climbing is None:  # no image climbs before it is known where the top is
            images = relaxed(images, None, 200)
            energies = surface(images)[0]
            top = int(energies.argmax())
            if k % 2 and energies.max() - energies[k // 2] < SAME_HEIGHT:
                top = k // 2
            climbing = 1 + top if energies[top] > max(archive.energies[:2]) else None
        if climbing is not None:
            images = relaxed(images, climbing - 1, 400)
        return images.reshape(k, n, 3), surface(images)[0]

    def _follow_forces(self, band: BandState, settled: NDArray[np.bool_]) -> None:
        """Take one step along the true nudged forces: slow, and always downhill."""
        archive, k = self.archive, self.task.images
        known = (band.energies[1:-1], -band.forces[1:-1].reshape(k, -1))
        moved = relax_on(
            lambda _: known,
            (self.ends[0].ravel(), self.ends[1].ravel()),
            band.positions[1:-1].reshape(k, -1),
            inverse=None,
            climbing=None if band.climbing is None else band.climbing - 1,
            fixed=settled,
            limits=Limits(force=0.0, climb_force=0.0, iterations=1, trust=LEAST_TRUST),
            end_energies=(archive.energies[0], archive.energies[1]),
        ).reshape(k, -1, 3)
        half = slice(0, self.computed)
        archive.images = self._middle_on_itself(moved[half])
        archive.rows = np.where(settled[half], archive.rows, UNKNOWN)
        archive.predicted = np.full(self.computed, np.nan)

    def _tell(self, band: BandState) -> None:
        force = max(float(band.perpendicular_forces().max()), band.climb_force())
        self.context.progress(Progress(len(self.archive.barriers), float(band.energies.max()), force))

    def _unconverged(self, band: BandState) -> str:
        last = self.archive.barriers[-SETTLED_STEPS - 1 :] or [band.barrier]
        return (
            f"not converged after {len(self.archive.barriers)} steps: largest perpendicular force "
            f"{band.perpendicular_forces().max():.3f} eV/Å (limit {self.task.max_force}), of the climbing image "
            f"{band.climb_force():.3f} eV/Å (limit {self.task.max_climb_force}), barrier changed by "
            f"{np.ptp(last) * 1e3:.1f} meV"
        )

    def _save(self) -> None:
        self._count()
        if len(self.archive.energies) >= 2:
            self.archive.write(self.context.directory)

    def _count(self) -> None:
        evaluation_time, wall_time = self.base
        self.archive.evaluation_time_s = evaluation_time + self.evaluate.seconds
        self.archive.wall_time_s = wall_time + time.perf_counter() - self.clock

    def _ended(self, state: State, reason: str | None, band: BandState | None) -> BandRun:
        self._save()
        return BandRun(state, reason, band, self.archive)
