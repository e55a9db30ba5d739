"""The numbers behind a figure, as CSV."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

from lianode.analysis.adsorption.document import AdsorptionDocument
from lianode.analysis.elastic.document import ElasticDocument
from lianode.analysis.electronic.document import ElectronicDocument
from lianode.analysis.electronic.work_function import WorkFunctionDocument
from lianode.analysis.hull.hull import HullDocument
from lianode.analysis.hull.spread import HullSpreadDocument
from lianode.analysis.interface_energy.document import InterfaceEnergyDocument
from lianode.analysis.interface_md import InterfaceMdDocument
from lianode.analysis.migration.barrier import BarrierDocument
from lianode.analysis.migration.document import MigrationDocument
from lianode.analysis.parity.parity import ParityDocument
from lianode.analysis.plots.adsorption_data import adsorption_table
from lianode.analysis.plots.elastic_data import elastic_table
from lianode.analysis.plots.electronic_data import electronic_table, work_function_table
from lianode.analysis.plots.interface_data import bond_table, motion_table, rdf_table, snapshot_table
from lianode.analysis.plots.interface_energy import interface_energy_table
from lianode.analysis.plots.migration_data import barrier_table, migration_table
from lianode.analysis.plots.parity import parity_table
from lianode.analysis.plots.reactivity_data import reactivity_table
from lianode.analysis.plots.style import FORMATS
from lianode.analysis.plots.surface_data import surface_table, wulff_table
from lianode.analysis.reactivity.reactivity import ReactivityDocument
from lianode.analysis.structure_in_time.bond_document import BondDocument
from lianode.analysis.structure_in_time.motion_document import MotionDocument
from lianode.analysis.structure_in_time.rdf_document import RdfDocument
from lianode.analysis.surface.surface import SurfaceDocument
from lianode.analysis.surface.wulff_document import WulffDocument
from lianode.analysis.voltage.curve import VoltageDocument
from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from lianode.analysis.documents import PropertyDocument


TABLES = (
    "hull", "voltage", "hull_spread", "barrier", "migration", "rdf", "bonds", "motion", "interface_md", "reactivity",
    "elastic", "electronic", "work_function", "surface", "wulff", "interface_energy", "parity", "adsorption",
)  # fmt: skip
"""Properties whose documents have a table."""


def data_csv(document: PropertyDocument | Mapping[str, Any]) -> str:  # noqa: PLR0912 - a branch for each property
    """Return the numbers of a document, of any property that has a table.

    Comment lines say what they are and from which document; columns have their units in their names. Text that a
    spreadsheet would take for a formula begins with an apostrophe.

    Raises
    ------
    InputError
        For a document of another property.
    """
    content: Any = document if isinstance(document, dict) else document.model_dump(mode="json")  # type: ignore[union-attr]
    match content["property"]:
        case "hull":
            header, rows = _hull(HullDocument.model_validate(content))
        case "voltage":
            header, rows = _voltage(VoltageDocument.model_validate(content))
        case "hull_spread":
            header, rows = _spread(HullSpreadDocument.model_validate(content))
        case "barrier":
            header, rows = barrier_table(BarrierDocument.model_validate(content))
        case "migration":
            header, rows = migration_table(MigrationDocument.model_validate(content))
        case "rdf":
            header, rows = rdf_table(RdfDocument.model_validate(content))
        case "bonds":
            header, rows = bond_table(BondDocument.model_validate(content))
        case "motion":
            header, rows = motion_table(MotionDocument.model_validate(content))
        case "interface_md":
            header, rows = snapshot_table(InterfaceMdDocument.model_validate(content))
        case "reactivity":
            header, rows = reactivity_table(ReactivityDocument.model_validate(content))
        case "elastic":
            header, rows = elastic_table(ElasticDocument.model_validate(content))
        case "electronic":
            header, rows = electronic_table(ElectronicDocument.model_validate(content))
        case "work_function":
            header, rows = work_function_table(WorkFunctionDocument.model_validate(content))
        case "surface":
            header, rows = surface_table(SurfaceDocument.model_validate(content))
        case "interface_energy":
            header, rows = interface_energy_table(InterfaceEnergyDocument.model_validate(content))
        case "parity":
            header, rows = parity_table(ParityDocument.model_validate(content))
        case "adsorption":
            header, rows = adsorption_table(AdsorptionDocument.model_validate(content))
        case "wulff":
            header, rows = wulff_table(WulffDocument.model_validate(content))
        case other:
            raise InputError(f"no table for documents of '{other}'; there is one for {', '.join(TABLES)}", "csv")
    out = io.StringIO()
    flagged = ", flagged" if content.get("flagged") else ""
    out.write(f"# {content['system']}, {content['engine']}, {content['completeness']}{flagged}, {content['key']}\n")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([[_written(cell) for cell in row] for row in rows])
    return out.getvalue()


def write_data(documents: Sequence[PropertyDocument | Mapping[str, Any]], figure: Path) -> Path:
    """Write the numbers behind a figure beside it, one table after the other, and return the file.

    Parameters
    ----------
    documents
        That the figure was drawn from.
    figure
        Path that the figure was saved to, with or without an ending.
    """
    ending = figure.suffix.lower().removeprefix(".")
    name = f"{figure.stem if ending in FORMATS else figure.name}.csv"
    file = figure.with_name(name)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join(data_csv(document) for document in documents), encoding="utf-8")
    return file


def _written(cell: Any) -> Any:
    """Return a cell as it is written."""
    if isinstance(cell, float):
        return f"{cell:.6f}"
    if isinstance(cell, str) and cell.startswith(("=", "+", "-", "@", "\t", "\r")) and not _is_number(cell):
        return f"'{cell}"
    return cell


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _hull(hull: HullDocument) -> tuple[list[str], list[list[Any]]]:
    header = [
        "phase",
        "formula",
        *(f"fraction_{element}" for element in hull.elements),
        "kind",
        "counted",
        "stable",
        "formation_energy_eV_per_atom",
        "energy_above_hull_eV_per_atom",
        "volume_A3_per_atom",
        "decomposition",
        "flagged",
    ]
    return header, [
        [
            row.name,
            row.formula,
            *(row.fractions[element] for element in hull.elements),
            row.kind,
            row.counted,
            row.stable,
            row.formation_energy_per_atom,
            row.energy_above_hull_per_atom,
            row.volume_per_atom,
            " + ".join(f"{part:.4f} {name}" for name, part in row.decomposition.items()),
            row.flagged,
        ]
        for row in hull.phases
    ]


def _voltage(curve: VoltageDocument) -> tuple[list[str], list[list[Any]]]:
    """Return one line per vertex, with the plateau that begins there; beyond the last lithium plates at 0 V."""
    header = [
        "phases",
        "x_Li_per_host",
        "li_fraction",
        "plateau_from_here_V",
        "running_average_V",
        "capacity_mAh_per_g_host",
        "capacity_mAh_per_g_alloy",
        "capacity_mAh_per_cm3",
        "volume_expansion",
        "energy_above_hull_eV_per_atom",
    ]
    plateaus = [*(plateau.voltage_V for plateau in curve.plateaus), 0.0]
    return header, [
        [
            vertex.name,
            vertex.x,
            vertex.li_fraction,
            plateau,
            vertex.running_average_V,
            vertex.capacity_mAh_per_g_host,
            vertex.capacity_mAh_per_g_alloy,
            vertex.capacity_mAh_per_cm3,
            vertex.volume_expansion,
            vertex.energy_above_hull_per_atom,
        ]
        for vertex, plateau in zip(curve.vertices, plateaus, strict=True)
    ]


def _spread(spread: HullSpreadDocument) -> tuple[list[str], list[list[Any]]]:
    header = [
        "phase",
        "formula",
        "li_fraction",
        *(f"formation_energy_eV_per_atom_{engine}" for engine in spread.engines),
        "mean_eV_per_atom",
        "spread_between_models_eV_per_atom",
        "stable_in",
        "n_models",
    ]
    return header, [
        [
            row.name,
            row.formula,
            row.li_fraction,
            *(row.formation_energies_per_atom.get(engine, "") for engine in spread.engines),
            row.mean,
            row.spread_between_models,
            " ".join(row.stable_in),
            row.n_models,
        ]
        for row in spread.phases
    ]
