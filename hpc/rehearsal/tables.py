"""The small files of a finished run: EIGENVAL, DOSCAR, IBZKPT and PCDAT."""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING

import numpy as np

from lianode.hpc.rehearsal.bands import ANIONS

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from lianode.hpc.rehearsal.bands import Bands
    from lianode.hpc.rehearsal.report import IonicStep
    from lianode.hpc.rehearsal.settings import Settings


def _head(settings: Settings, fourth: int) -> str:
    geometry = settings.geometry
    n_ions = sum(geometry.counts)
    lengths = np.linalg.norm(geometry.lattice, axis=1) * 1e-10
    sizes = "".join(f"{value:15.7E}" for value in (geometry.volume / n_ions, *lengths, 0.5e-15))
    return f"{n_ions:5d}{n_ions:5d}{1:5d}{fourth:5d}\n{sizes}\n  1.000000000000000E-004\n  CAR \n {settings.system}\n"


def _write_projected(text: StringIO, settings: Settings, density: NDArray[np.float64], bands: Bands) -> None:
    """Add a block for each ion: its share of the valence electrons, all in p for anions and in s for others."""
    valences = np.repeat([potcar.valence for potcar in settings.potcars], settings.geometry.counts)
    head = f"{density[-1, 0]:16.8f}{density[0, 0]:16.8f}{len(density):5d}{bands.fermi:16.8f}{1.0:16.8f}\n"
    for symbol, valence in zip(settings.geometry.symbols, valences, strict=True):
        shares = np.zeros(9)
        shares[1 : 4 if symbol in ANIONS else 1] = 1.0 / 3.0
        shares[0] = 0.0 if symbol in ANIONS else 1.0
        orbitals = np.outer(density[:, 1], shares) * valence / valences.sum()
        text.write(head)
        columns = np.column_stack([density[:, 0], np.repeat(orbitals, bands.n_spins, axis=1)])
        np.savetxt(text, columns, fmt=" %10.3f" + " %11.4E" * (9 * bands.n_spins))


def write_tables(folder: Path, settings: Settings, step: IonicStep) -> None:
    """Write the four files for the levels of the last step."""
    bands, kpoints = step.bands, settings.kpoints
    n_points = len(kpoints.points)
    text = StringIO()
    text.write(_head(settings, bands.n_spins))
    text.write(f"{round(settings.n_electrons):7d}{n_points:7d}{settings.n_bands:7d}\n")
    for point, weight, energies, occupations in zip(
        kpoints.points, kpoints.weights, bands.energies, bands.occupations, strict=True
    ):
        text.write(f" \n{''.join(f'{value:15.7E}' for value in (*point, weight))}\n")
        columns = [np.arange(1, len(energies) + 1), *[energies] * bands.n_spins, *[occupations] * bands.n_spins]
        form = " %4d" + "  %14.6f" * bands.n_spins + " %10.6f" * bands.n_spins
        np.savetxt(text, np.stack(columns, axis=1), fmt=form)
    (folder / "EIGENVAL").write_text(text.getvalue(), encoding="utf-8")

    nedos = settings.tags.get("NEDOS", 301)
    density = bands.density(kpoints.weights, nedos if isinstance(nedos, int) and nedos > 1 else 301)
    text = StringIO()
    text.write(_head(settings, 0))
    text.write(f"{density[-1, 0]:16.8f}{density[0, 0]:16.8f}{len(density):5d}{bands.fermi:16.8f}{1.0:16.8f}\n")
    columns = [density[:, 0], *[density[:, 1]] * bands.n_spins, *[density[:, 2]] * bands.n_spins]
    np.savetxt(text, np.stack(columns, axis=1), fmt=" %10.3f" + " %11.4E" * (2 * bands.n_spins))
    lorbit = settings.tags.get("LORBIT", 0)
    if isinstance(lorbit, int) and lorbit >= 10:
        _write_projected(text, settings, density, bands)
    (folder / "DOSCAR").write_text(text.getvalue(), encoding="utf-8")

    multiplicity = np.rint(kpoints.weights / kpoints.weights.min()).astype(int)
    rows = "".join(
        f"{a:20.14f}{b:20.14f}{c:20.14f}{w:14d}\n" for (a, b, c), w in zip(kpoints.points, multiplicity, strict=True)
    )
    header = f"Automatically generated mesh\n{n_points:8d}\nReciprocal lattice\n"
    (folder / "IBZKPT").write_text(header + rows, encoding="utf-8")
    (folder / "PCDAT").write_text(_head(settings, 0), encoding="utf-8")
