"""Diffusivity of a random walker whose answer is known, three ways."""

from __future__ import annotations

import math

import numpy as np
import pytest
from lianode_test_hops import network

from lianode.analysis.migration.diffusivity import (
    BOLTZMANN_EV_PER_K,
    CORRELATION_FACTORS,
    LithiumTransport,
    diffusivity,
    occupations,
)
from lianode.structures.errors import InputError

T = 500.0
KT = BOLTZMANN_EV_PER_K * T
X, Y, Z = (1, 0, 0), (0, 1, 0), (0, 0, 1)
LATTICES = {
    # vectors, nearest neighbours (each pair once), z, l/a
    "sc": (np.eye(3), [X, Y, Z], 6, 1.0),
    "bcc": (0.5 * np.array([[-1, 1, 1], [1, -1, 1], [1, 1, -1]]), [X, Y, Z, (1, 1, 1)], 8, math.sqrt(3) / 2),
    "fcc": (
        0.5 * np.array([[0, 1, 1], [1, 0, 1], [1, 1, 0]]),
        [X, Y, Z, (1, -1, 0), (0, 1, -1), (1, 0, -1)],
        12,
        math.sqrt(0.5),
    ),
}


@pytest.mark.parametrize("name", LATTICES)
def test_one_barrier(name):
    """D = z/6 l² w, isotropic."""
    vectors, images, z, length = LATTICES[name]
    a, barrier = 3.4, 0.25
    walker = network(a * vectors, [[0, 0, 0]], [0.0], {"nn": (barrier, [(0, 0, image) for image in images])})
    found = diffusivity(walker, T, attempt_frequency_Hz=5e12)
    expected = z / 6 * (a * length) ** 2 * 1e-16 * 5e12 * math.exp(-barrier / KT)
    assert np.array(found.tensor_cm2_per_s) == pytest.approx(expected * np.eye(3), rel=1e-12, abs=1e-12 * expected)
    assert found.activation_energy == pytest.approx(barrier, rel=1e-6)


def test_diamond_needs_the_drift():
    """On each site of diamond hops do not average to 0, but symmetry makes D = z/6 l² w all the same."""
    a = 6.8
    fcc = a / 2 * np.array([[0, 1, 1], [1, 0, 1], [1, 1, 0]])
    edges = [(0, 1, (0, 0, 0)), *((0, 1, tuple(-v for v in image)) for image in (X, Y, Z))]
    walker = network(fcc, [[0, 0, 0], [a / 4] * 3], [0, 0], {"nn": (0.4, edges)})
    expected = 4 / 6 * 3 * (a / 4) ** 2 * 1e-16 * 1e13 * math.exp(-0.4 / KT)
    assert np.array(diffusivity(walker, T).tensor_cm2_per_s) == pytest.approx(expected * np.eye(3), abs=1e-9 * expected)


def chain(energies, saddles, period=4.0):
    n = len(energies)
    hops = {f"h{i}": (s, [(i, (i + 1) % n, X if i + 1 == n else (0, 0, 0))]) for i, s in enumerate(saddles)}
    return network(np.diag([period, 9, 9]), [[period * i / n, 0, 0] for i in range(n)], energies, hops)


def test_chain_of_unequal_sites_and_saddles():
    """D = ν L² / (Σ exp(-e/kT) Σ exp(+E/kT)), of a chain of any sites e and saddles E with the period L.

    From the mean time of crossing a period (Derrida, J. Stat. Phys. 31, 433 (1983), with detailed balance).
    """
    energies, saddles = [0.0, 0.15, 0.05], [0.4, 0.3, 0.55]
    boltzmann = sum(math.exp(-e / KT) for e in energies)
    resistance = sum(math.exp(s / KT) for s in saddles)
    found = diffusivity(chain(energies, saddles), T)
    assert found.tensor_cm2_per_s[0][0] == pytest.approx(1e13 * 16e-16 / (boltzmann * resistance), rel=1e-12)
    assert np.count_nonzero(found.tensor_cm2_per_s) == 1
    assert found.mean_cm2_per_s == pytest.approx(found.tensor_cm2_per_s[0][0] / 3)


def test_chain_at_low_temperature():
    """At 100 K rates differ by 10^60, where a pseudo-inverse has lost the slow ones; the formula still holds."""
    energies, saddles = [0.0, 0.01], [0.52, 0.02]
    kT = BOLTZMANN_EV_PER_K * 100
    expected = 1e13 * 16e-16 / ((1 + math.exp(-0.01 / kT)) * (math.exp(0.52 / kT) + math.exp(0.02 / kT)))
    found = diffusivity(chain(energies, saddles), 100.0)
    assert found.tensor_cm2_per_s[0][0] == pytest.approx(expected, rel=1e-9)
    # the slowest step decides: from the lowest site over the highest saddle
    assert found.activation_energy == pytest.approx(0.52, abs=0.01)


def test_anisotropic_network_in_a_turned_cell():
    """Fast along x, slow along z; turned by 30° about y, the tensor turns with it."""
    hops = {"x": (0.2, [(0, 0, X)]), "y": (0.3, [(0, 0, Y)]), "z": (0.4, [(0, 0, Z)])}
    lattice = np.diag([3.0, 4.0, 5.0])
    straight = np.array(diffusivity(network(lattice, [[0, 0, 0]], [0.0], hops), T).tensor_cm2_per_s)
    rates = [1e13 * math.exp(-e / KT) for e in (0.2, 0.3, 0.4)]
    assert np.diag(straight) == pytest.approx([r * l2 * 1e-16 for r, l2 in zip(rates, (9, 16, 25), strict=True)])
    c, s = math.cos(math.pi / 6), math.sin(math.pi / 6)
    turn = np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])
    turned = np.array(diffusivity(network(lattice @ turn.T, [[0, 0, 0]], [0.0], hops), T).tensor_cm2_per_s)
    assert turned == pytest.approx(turn @ straight @ turn.T, abs=1e-12 * straight.max())


def random_network(seed, n=6, *, shift=False):
    """Make a connected random network in a triclinic cell."""
    rng = np.random.default_rng(seed)
    lattice = np.diag([4.0, 5.0, 6.0]) + rng.uniform(-1, 1, (3, 3))
    positions = rng.uniform(0, 1, (n, 3)) @ lattice
    energies = rng.uniform(0, 0.15, n)
    hops = {f"t{i}": (float(rng.uniform(0.2, 0.4)), [(i, i + 1, (0, 0, 0))]) for i in range(n - 1)}
    for k in range(10):
        i, j = (int(v) for v in rng.integers(0, n, 2))
        image = tuple(int(v) for v in rng.integers(-1, 2, 3))
        if any(image):
            hops[f"r{k}"] = (float(rng.uniform(0.2, 0.4)), [(i, j, image)])
    if shift:  # D does not depend on where in its cell a site is
        positions = positions + rng.uniform(-1, 1, (n, 3)) @ lattice
    return network(lattice, positions, energies, hops)


def rates(walker, temperature):
    """Return (from, to, displacement, rate) of every jump, both directions."""
    kT = BOLTZMANN_EV_PER_K * temperature
    jumps = []
    for hop in walker.hops:
        for edge in hop.edges:
            i, j, _ = edge
            way = walker.displacement(edge)
            jumps.append((i, j, way, 1e13 * math.exp(-(hop.saddle - walker.energies[i]) / kT)))
            jumps.append((j, i, -way, 1e13 * math.exp(-(hop.saddle - walker.energies[j]) / kT)))
    return jumps


def by_pseudo_inverse(walker, temperature):
    """Return D, cm²/s: bare part plus drift, pseudo-inverse of the symmetrised rates, and drift (Trinkle 2017)."""
    n = len(walker.energies)
    p = occupations(walker, temperature)
    omega, drift, bare = np.zeros((n, n)), np.zeros((n, 3)), np.zeros((3, 3))
    for i, j, way, rate in rates(walker, temperature):
        omega[i, j] += math.sqrt(p[i] / p[j]) * rate
        omega[i, i] -= rate
        drift[i] += math.sqrt(p[i]) * rate * way
        bare += 0.5 * p[i] * rate * np.outer(way, way)
    return 1e-16 * (bare + drift.T @ np.linalg.pinv(omega) @ drift)


def by_fourier(walker, temperature, q):
    """Return q D q / q², cm²/s, from the slowest decay of a long wave of probability."""
    n = len(walker.energies)
    p = occupations(walker, temperature)
    matrix = np.zeros((n, n), dtype=complex)
    for i, j, way, rate in rates(walker, temperature):
        matrix[i, j] += math.sqrt(p[i] / p[j]) * rate * np.exp(1j * q @ way)
        matrix[i, i] -= rate
    return 1e-16 * -np.linalg.eigvalsh(matrix).max() / (q @ q)


@pytest.mark.parametrize("seed", range(4))
def test_agrees_with_pseudo_inverse_and_with_decay_of_long_waves(seed):
    walker = random_network(seed)
    found = np.array(diffusivity(walker, T).tensor_cm2_per_s)
    assert found == pytest.approx(by_pseudo_inverse(walker, T), abs=1e-9 * found.max())
    for q in np.random.default_rng(seed).normal(size=(3, 3)):
        wave = 1e-3 * q / np.linalg.norm(q)
        assert by_fourier(walker, T, wave) == pytest.approx(wave @ found @ wave / (wave @ wave), rel=1e-4)


@pytest.mark.parametrize("seed", range(3))
def test_neither_labels_nor_places_in_the_cell_nor_the_cell_matter(seed):
    walker = random_network(seed)
    found = np.array(diffusivity(walker, T).tensor_cm2_per_s)
    moved = np.array(diffusivity(random_network(seed, shift=True), T).tensor_cm2_per_s)
    assert moved == pytest.approx(found, abs=1e-12 * found.max())
    n = len(walker.energies)
    order = np.random.default_rng(seed).permutation(n)
    place = np.argsort(order)
    relabelled = {
        h.label: (h.saddle, [(int(order[i]), int(order[j]), im) for i, j, im in h.edges]) for h in walker.hops
    }
    again = network(walker.lattice, walker.positions[place], walker.energies[place], relabelled)
    assert np.array(diffusivity(again, T).tensor_cm2_per_s) == pytest.approx(found, abs=1e-12 * found.max())
    double = {
        h.label: (
            h.saddle,
            [
                (i + n * half, j + n * ((half + im[0]) % 2), ((half + im[0]) // 2, im[1], im[2]))
                for i, j, im in h.edges
                for half in (0, 1)
            ],
        )
        for h in walker.hops
    }
    lattice = walker.lattice * np.array([[2], [1], [1]])
    twice = network(
        lattice, np.vstack([walker.positions, walker.positions + walker.lattice[0]]), [*walker.energies] * 2, double
    )
    assert np.array(diffusivity(twice, T).tensor_cm2_per_s) == pytest.approx(found, abs=1e-12 * found.max())


def test_agrees_with_kinetic_monte_carlo():
    """Mean square displacement of independent walkers, started in equilibrium: <x x> = 2 D t once memory is lost."""
    walker = random_network(1, n=4)
    found = np.array(diffusivity(walker, T).tensor_cm2_per_s)
    rng = np.random.default_rng(7)
    n, walkers, jumps = len(walker.energies), 4000, rates(walker, T)
    longest = max(sum(1 for i, *_ in jumps if i == site) for site in range(n))
    target = np.zeros((n, longest), dtype=int)
    way, sums = np.zeros((n, longest, 3)), np.full((n, longest), np.inf)
    total = np.zeros(n)
    filled = [0] * n
    for i, j, step, rate in jumps:
        k = filled[i]
        total[i] += rate
        target[i, k], way[i, k], sums[i, k], filled[i] = j, step, total[i], k + 1
    site = rng.choice(n, walkers, p=occupations(walker, T))
    start = walker.positions[site]
    place, clock = start.copy(), np.zeros(walkers)
    end = 600 / total.mean()
    while True:
        clock += rng.exponential(1 / total[site])
        going = clock < end  # the jump that would come after the end is not made
        if not going.any():
            break
        chosen = (sums[site] < (rng.uniform(size=walkers) * total[site])[:, None]).sum(axis=1)
        place[going] += way[site[going], chosen[going]]
        site[going] = target[site[going], chosen[going]]
    moved = (place - start) @ np.linalg.eigh(found)[1]
    expected = np.linalg.eigvalsh(found)
    measured = 1e-16 * (moved**2).mean(axis=0) / (2 * end)
    # each is a mean of squares: relative error sqrt(2/walkers) = 2.2 %; at most three of them off by 4 of those
    assert measured == pytest.approx(expected, rel=4 * math.sqrt(2 / walkers))


def test_occupations_are_boltzmanns_and_sum_up_by_orbit():
    walker = chain([0.0, 0.1, 0.1], [0.4, 0.4, 0.4])
    found = diffusivity(walker, T, orbits=["Li1", "Li2", "Li2"])
    weight = 2 * math.exp(-0.1 / KT)
    assert found.occupations == pytest.approx({"Li1": 1 / (1 + weight), "Li2": weight / (1 + weight)})


def test_detailed_balance():
    walker = random_network(2)
    p = occupations(walker, T)
    forth, back = rates(walker, T)[::2], rates(walker, T)[1::2]
    for (i, j, _, there), (_, _, _, again) in zip(forth, back, strict=True):
        assert p[i] * there == pytest.approx(p[j] * again, rel=1e-12)


def test_no_hops_no_diffusion():
    found = diffusivity(network(np.eye(3), [[0, 0, 0]], [0.0], {}), T)
    assert (found.mean_cm2_per_s, found.activation_energy) == (0.0, None)
    pair = network(np.eye(3), [[0, 0, 0], [0.5, 0, 0]], [0, 0], {"ab": (0.1, [(0, 1, (0, 0, 0))])})
    assert diffusivity(pair, T).mean_cm2_per_s == 0.0


def test_lithium_needs_what_is_stated():
    vectors, images, _, _ = LATTICES["bcc"]
    walker = network(3.4 * vectors, [[0, 0, 0]], [0.0], {"nn": (0.1, [(0, 0, image) for image in images])})
    plain = diffusivity(walker, T)
    assert plain.lithium_cm2_per_s is None
    stated = LithiumTransport(defect_concentration=1e-4, correlation_factor=CORRELATION_FACTORS["bcc"])
    tracer = diffusivity(walker, T, lithium=stated)
    assert tracer.lithium_cm2_per_s == pytest.approx(1e-4 * 0.7272 * plain.mean_cm2_per_s)
    without = diffusivity(walker, T, lithium=LithiumTransport(defect_concentration=1e-4))
    assert without.lithium_cm2_per_s == pytest.approx(1e-4 * plain.mean_cm2_per_s)
    assert without.correlation_factor is None


def test_what_cannot_be():
    walker = chain([0.0], [0.3])
    with pytest.raises(InputError, match="temperature: 0; it has to be above 0"):
        diffusivity(walker, 0.0)
    with pytest.raises(InputError, match="attempt_frequency_Hz"):
        diffusivity(walker, T, attempt_frequency_Hz=-1e13)
    with pytest.raises(InputError, match="defect_concentration: 2"):
        LithiumTransport(defect_concentration=2.0)
    with pytest.raises(InputError, match="correlation_factor"):
        LithiumTransport(defect_concentration=0.1, correlation_factor=1.5)
