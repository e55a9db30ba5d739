"""The numbers behind figures of an interface's dynamics, as rows of a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lianode.analysis.interface_md import InterfaceMdDocument
    from lianode.analysis.structure_in_time.bond_document import BondDocument
    from lianode.analysis.structure_in_time.motion_document import MotionDocument
    from lianode.analysis.structure_in_time.rdf_document import RdfDocument

Table = tuple[list[str], list[list[Any]]]
Row = list[Any]
WHOLE_RUN = ("", "")


def rdf_table(document: RdfDocument) -> Table:
    """Return one line per pair, window or crystal, layer and bin; n(r) is that at the bin's upper edge."""
    header = ["pair", "crystal", "from_fs", "to_fs", "layer", "r_A", "g", "n", "similarity"]
    rows: list[Row] = []
    spans: Sequence[tuple[Any, Any]] = document.windows_fs or [WHOLE_RUN]

    def add(begins: Row, g: Sequence[float | None], n: Sequence[float | None]) -> None:
        for number, value in enumerate(g):
            rows.append([*begins, (number + 0.5) * document.bin_width, _said(value), _said(n[number + 1]), ""])

    for pair in document.pairs:
        for window, (begin, end) in enumerate(spans):
            for layer, g in enumerate(pair.g[window]):
                add([pair.pair, "", begin, end, layer + 1], g, pair.running_coordination[window][layer])
    for crystal in document.references:
        add([crystal.pair, crystal.crystal, "", "", ""], crystal.g, crystal.running_coordination)
        for (begin, end), overlaps in zip(spans, crystal.similarity, strict=False):
            for layer, overlap in enumerate(overlaps, start=1):
                rows.append([crystal.pair, crystal.crystal, begin, end, layer, "", "", "", _said(overlap)])
    return header, rows


def bond_table(document: BondDocument) -> Table:
    """Return onsets, then one line per time of each kind of bond, polyhedron and element."""
    header = ["quantity", "name", "time_fs", "error_fs", "value", "shorter_cutoff", "longer_cutoff"]
    rows: list[Row] = [
        ["onset", bond.pair, _said(bond.onset.time_fs), _said(bond.onset.error_fs), bond.onset.minimum,
         _said(bond.onset.latest_fs), _said(bond.onset.earliest_fs)]
        for bond in document.bonds
    ]  # fmt: skip
    times = document.times_fs
    for bond in document.bonds:
        for time, *values in zip(times, bond.counts, bond.counts_shorter, bond.counts_longer, strict=True):
            rows.append(["bonds", bond.pair, time, "", *values])
    for unit in document.polyhedra:
        for quantity, series in (("intact", unit.intact), ("surviving", unit.surviving)):
            rows += [[quantity, unit.name, time, "", value, "", ""] for time, value in zip(times, series, strict=True)]
    for of in document.penetration:
        for quantity, series in (("deepest_A", of.deepest), ("mean_depth_A", of.mean_depth), ("left", of.left)):
            rows += [[quantity, of.element, time, "", value, "", ""] for time, value in zip(times, series, strict=True)]
    return header, rows


def motion_table(document: MotionDocument) -> Table:
    """Return diffusivities, then densities by window and height, then displacements by lag."""
    header = [
        "quantity", "element", "from_fs", "to_fs", "height_A", "density_per_A3", "lag_fs", "msd_x_A2", "msd_y_A2",
        "msd_z_A2", "diffusivity_cm2_per_s", "error_cm2_per_s", "exponent", "is_diffusive",
    ]  # fmt: skip
    rows: list[Row] = [
        # written out: six decimals would be 0
        ["diffusivity", of.element, *of.fit_fs, "", "", "", "", "", "", f"{of.diffusivity_cm2_per_s:.6e}",
         f"{of.error_cm2_per_s:.6e}", _said(of.exponent), of.is_diffusive]
        for of in document.diffusion
    ]  # fmt: skip
    spans: Sequence[tuple[Any, Any]] = document.windows_fs or [WHOLE_RUN]
    for profile in document.profiles:
        for (begin, end), density in zip(spans, profile.density_per_A3, strict=True):
            for height, value in zip(document.heights, density, strict=True):
                rows.append(["density", profile.element, begin, end, height, value, *[""] * 8])
    for of in document.diffusion:
        for lag, *msd in zip(of.lags_fs, *of.msd_A2, strict=True):
            rows.append(["displacement", of.element, "", "", "", "", lag, *msd, *[""] * 4])
    return header, rows


def snapshot_table(document: InterfaceMdDocument) -> Table:
    """Return the vectors of the cell and the atoms of each frame, Cartesian, not wrapped."""
    header = ["time_fs", "what", "number", "element", "x_A", "y_A", "z_A"]
    rows: list[Row] = []
    for snapshot in document.snapshots:
        rows += [[snapshot.time_fs, "cell", "abc"[axis], "", *vector] for axis, vector in enumerate(snapshot.cell)]
        for number, (element, at) in enumerate(zip(snapshot.elements, snapshot.positions, strict=True)):
            side = "electrolyte" if number < document.electrolyte.atoms else "anode"
            rows.append([snapshot.time_fs, side, number + 1, element, *at])
    return header, rows


def _said(value: float | None) -> Any:
    return "" if value is None else value
