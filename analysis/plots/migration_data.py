"""The numbers behind figures of migration, as rows of a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lianode.analysis.migration.barrier import BarrierDocument
    from lianode.analysis.migration.document import MigrationDocument

Table = tuple[list[str], list[list[Any]]]


def barrier_table(barrier: BarrierDocument) -> Table:
    """Return one line per image, end points included; energies relative to the first."""
    header = [
        "hop",
        "band",
        "image",
        "path_A",
        "energy_eV",
        "tangential_force_eV_per_A",
        "perpendicular_force_eV_per_A",
        "climbing",
    ]
    rows: list[list[Any]] = []
    start = 0.0
    for number, band in enumerate(barrier.bands, start=1):
        for image, coordinate in enumerate(band.coordinates):
            rows.append(
                [
                    barrier.hop,
                    number,
                    image,
                    start + coordinate - band.coordinates[0],
                    band.energies[image] - barrier.initial_energy,
                    band.tangential_forces[image],
                    band.perpendicular_forces[image],
                    image == band.climbing,
                ]
            )
        start += band.coordinates[-1] - band.coordinates[0]
    return header, rows


def migration_table(migration: MigrationDocument) -> Table:
    """Return one line per percolating barrier, then one per hop."""
    header = [
        "quantity",
        "name",
        "barrier_eV",
        "backward_eV",
        "kinetically_resolved_eV",
        "saddle_above_lowest_site_eV",
        "length_A",
        "multiplicity",
        "sites",
        "hops",
        "flagged",
    ]
    paths = [
        ["percolating", f"{path.dimension}D", path.barrier, "", "", path.barrier, "", "", "", " ".join(path.hops), ""]
        for path in migration.percolating
    ]
    hops = [
        [
            "hop",
            row.hop,
            row.barrier_forward,
            row.barrier_backward,
            row.barrier_kra,
            row.saddle_energy,
            row.hop_length,
            row.multiplicity,
            f"{row.start_orbit} {row.end_orbit}",
            "",
            row.flagged,
        ]
        for row in migration.hops
    ]
    return header, [*paths, *hops]
