"""``lianode gitt``: diffusion coefficients along a measured titration curve."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from lianode.cli.output import number, print_csv, print_json, print_table

if TYPE_CHECKING:
    from lianode.analysis.voltage.gitt import Titration, TitrationPoint


@click.command("gitt", short_help="Diffusion coefficients along a measured titration curve.")
@click.argument("curve", type=click.Path(path_type=Path))
@click.option("--thickness-um", type=float, help="Thickness of the electrode, µm; or the three options that follow.")
@click.option("--amount-mmol", type=float, help="Host atoms (In, Sn), mmol; also needed for x and D/Φ.")
@click.option("--molar-volume-cm3-per-mol", "molar_volume", type=float, help="Volume per mol of host atoms.")
@click.option("--area-cm2", "area", type=float, help="Area between electrode and electrolyte.")
@click.option("--x-start", type=float, default=0.0, help="Lithium per host atom before the first pulse [0].")
@click.option("--temperature", type=float, default=298.15, help="K [298.15].")
@click.option("--resolution-mv", type=float, default=0.5, help="Change of a resting voltage that counts as none [0.5].")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV.")
def command(
    curve: Path,
    thickness_um: float | None,
    amount_mmol: float | None,
    molar_volume: float | None,
    area: float | None,
    x_start: float,
    temperature: float,
    resolution_mv: float,
    as_json: bool,
    as_csv: bool,
) -> None:
    """Print the chemical diffusion coefficient at every current pulse of CURVE.

    CURVE is a CSV file with the columns time_s (or time_min, time_h), current_mA (or current_A, current_uA) and
    voltage_V: current pulses with rests between them. The formula is that of Weppner and Huggins (1977); points on a
    plateau of two phases are marked as apparent, and pulses too long for the formula as well.
    """
    from lianode.analysis.voltage.gitt import Electrode, gitt
    from lianode.analysis.voltage.titration import read_titration

    electrode = Electrode(
        length_cm=_length_cm(thickness_um, amount_mmol, molar_volume, area),
        host_mol=None if amount_mmol is None else 1e-3 * amount_mmol,
        x_start=x_start,
        temperature=temperature,
    )
    found = gitt(read_titration(curve), electrode, resolution_V=1e-3 * resolution_mv)
    if as_json:
        print_json(found.model_dump())
    elif as_csv:
        rows = [point.model_dump() for point in found.points]
        print_csv([{**row, "concerns": " ".join(row["concerns"])} for row in rows], list(rows[0]))
    else:
        _print(found)


def _length_cm(
    thickness_um: float | None, amount_mmol: float | None, molar_volume: float | None, area: float | None
) -> float:
    """Return the thickness as it was given, or what amount, molar volume and area make of it."""
    from lianode.analysis.voltage.gitt import thickness_cm
    from lianode.structures.errors import InputError

    if thickness_um is not None and molar_volume is None and area is None:
        return 1e-4 * thickness_um
    if thickness_um is None and amount_mmol is not None and molar_volume is not None and area is not None:
        return thickness_cm(1e-3 * amount_mmol, molar_volume, area)
    raise InputError(
        "say how thick it is: either --thickness-um, or --amount-mmol, --molar-volume-cm3-per-mol and --area-cm2",
        "electrode",
    )


def _print(found: Titration) -> None:
    print_table(
        [("pulse", "right"), ("x", "right"), ("E / V", "right"), ("τ / s", "right"), ("ΔE_s / mV", "right"),
         ("ΔE_t / mV", "right"), ("τD/L²", "right"), ("D / cm²/s", "right"), ("Φ", "right"), ("D/Φ / cm²/s", "right"),
         ("", "left")],
        [
            (str(point.pulse), number(point.x, 3), number(point.voltage_V, 4), number(point.duration_s, 0),
             number(1000 * point.step_V, 2), number(1000 * point.transient_V, 2), number(point.tau_over_limit, 3),
             f"{point.chemical_diffusivity_cm2_per_s:.2e}", number(point.thermodynamic_factor, 2),
             "-" if point.self_diffusivity_cm2_per_s is None else f"{point.self_diffusivity_cm2_per_s:.2e}",
             _remark(point))
            for point in found.points
        ],
        title=f"{found.label}: L = {1e4 * found.length_cm:.4g} µm, {found.temperature:g} K",
    )  # fmt: skip
    for check in found.checks:
        click.echo(f"{'passed' if check.passed else 'FAILED'}  {check.message}")
    for note in found.notes:
        click.echo(f"note: {note}")


def _remark(point: TitrationPoint) -> str:
    others = [name.replace("_", " ") for name in point.concerns if name != "single_phase"]
    words = ["apparent"] if point.apparent else []
    return ", ".join([*words, *(f"not {name}" for name in others)])
