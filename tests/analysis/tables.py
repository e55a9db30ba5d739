"""Formation energies of known origin, turned into energies of cells."""

from __future__ import annotations

from lianode.analysis.energies import PhaseEnergy
from lianode.analysis.method import MethodKey
from lianode.structures.formulas import parse_formula

METHOD = MethodKey(program="sevennet", functional="PBE", model="SevenNet-0", checksum="0" * 64)
ATOM_ENERGY = {"Li": -1.9, "In": -2.6, "Sn": -3.8, "A": -1.0, "B": -2.0}

# SevenNet-0, meV/atom against bcc Li and bct In, and volumes in Å³/atom, rounded: relaxations recorded with the
# structures. The name carries the polymorph; a star marks a hypothetical phase.
LI_IN = {
    "Li_bcc": (0.0, 20.2), "Li_fcc": (5.3, 20.1), "*Li_hcp": (5.3, 20.2),
    "Li13In3": (-209.6, 20.5), "*Li3In_D03": (-253.5, 20.8), "Li2In": (-288.9, 21.3), "Li3In2": (-293.0, 21.6),
    "Li5In4": (-288.7, 22.0), "LiIn": (-273.7, 23.0), "*LiIn2_C15": (-57.1, 26.2), "*LiIn3_L12": (-161.2, 24.5),
    "*LiIn3_D023": (-158.1, 24.5), "*LiIn2_MoSi2": (-213.3, 23.0), "In_bct": (0.0, 27.7),
}  # fmt: skip
LI_SN = {
    "Li_bcc": (0.0, 20.2), "Li17Sn4": (-357.8, 18.8), "Li7Sn2": (-380.0, 19.0), "Li8Sn3": (-404.5, 19.4),
    "Li13Sn5": (-407.0, 19.5), "Li5Sn2": (-411.1, 19.6), "Li7Sn3": (-406.7, 19.8), "LiSn_P2m": (-347.0, 21.9),
    "LiSn_I41amd": (-343.0, 22.0), "Li2Sn5": (-223.4, 25.3), "Sn_alpha": (-13.6, 36.7), "Sn_beta": (0.0, 28.8),
}  # fmt: skip
# the published hull's vertices (hansel2021, figure 4): LiIn3 stable, minima as printed; other depths are read between
PUBLISHED_MINIMA = {"Li3In2": -0.2934, "Li13Sn5": -0.4190}


def phase(
    name: str,
    formation_energy: float,
    *,
    volume_per_atom: float = 20.0,
    cells: int = 1,
    kind: str | None = None,
    method: MethodKey = METHOD,
    shift: dict[str, float] | None = None,
    **fields: object,
) -> PhaseEnergy:
    """Make a phase, such as ``LiSn_P2m``, of a formation energy in eV/atom."""
    name, starred = name.removeprefix("*"), name.startswith("*")
    formula = name.split("_")[0]
    composition = {symbol: int(amount) * cells for symbol, amount in parse_formula(formula).items()}
    atoms = sum(composition.values())
    elements = sum(n * (ATOM_ENERGY.get(e, -1.0) + (shift or {}).get(e, 0.0)) for e, n in composition.items())
    return PhaseEnergy(
        name=name,
        formula=formula,
        composition=composition,
        energy=formation_energy * atoms + elements,
        volume=volume_per_atom * atoms,
        method=method,
        kind=kind or ("hypothetical" if starred else "experimental"),  # type: ignore[arg-type]
        calculation_key=f"key-{name}",
        **fields,  # type: ignore[arg-type]
    )


def table(rows: dict[str, tuple[float, float]], **fields: object) -> list[PhaseEnergy]:
    """Make the phases of a table in meV/atom and Å³/atom."""
    return [phase(n, e / 1000, volume_per_atom=v, **fields) for n, (e, v) in rows.items()]  # type: ignore[arg-type]
