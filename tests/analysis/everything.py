"""Documents of every property that has a figure, as analyses make them of made-up energies and runs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from lianode_test_elastic_crystals import asked, crystal, measured, of_crystal
from lianode_test_hops import cosine, document, hop
from lianode_test_interface_run import bonds_of, built, interface_md_of, motion_of, rdf_of, run
from lianode_test_tables import LI_IN, phase, table

from lianode.analysis.adsorption.adsorption import AdsorbedSlab, best_site, site_checks, site_rows
from lianode.analysis.adsorption.document import AdsorptionDocument
from lianode.analysis.adsorption.free_atom import FreeAtom
from lianode.analysis.adsorption.geometry import AdsorptionTolerances, Ended
from lianode.analysis.checks import Check
from lianode.analysis.elastic.elastic import elastic
from lianode.analysis.electronic.document import electronic
from lianode.analysis.electronic.levels import Levels
from lianode.analysis.electronic.potential import Profile
from lianode.analysis.electronic.work_function import SlabOfSurface, work_function
from lianode.analysis.energies import PhaseEnergy
from lianode.analysis.free_energy.thermal import ThermalDocument
from lianode.analysis.hull.chemical_limits import ChemicalLimit
from lianode.analysis.hull.hull import hull
from lianode.analysis.hull.spread import hull_spread
from lianode.analysis.hull.stability import phase_stabilities
from lianode.analysis.interface_energy.document import interface_energy_document
from lianode.analysis.interface_energy.interface_energy import Parting, SeriesCell
from lianode.analysis.method import MethodKey
from lianode.analysis.migration.migration import migration
from lianode.analysis.migration.site_network import SiteNetwork
from lianode.analysis.parity.parity import ParityDocument, ParityRow, differences, rest_checks
from lianode.analysis.reactivity.reactivity import reactivity
from lianode.analysis.surface.energy import SlabEnergy
from lianode.analysis.surface.surface import surface_document
from lianode.analysis.surface.wulff_document import wulff_document
from lianode.analysis.voltage.voltage import voltage
from lianode.structures.adsorption.placing import touching_distances
from lianode.structures.adsorption.sites import centre, distinct_sites
from lianode.structures.interfaces.surface_cell import surface_cell
from lianode.structures.library import phase as library_phase
from lianode.structures.surfaces.cuts import slab_cuts
from lianode.structures.surfaces.planes import plane_family
from lianode.structures.surfaces.slabs import vacuum_slab

COMMON = {"engine": "made-up", "campaign": "everything"}
METHOD = MethodKey(program="sevennet", functional="PBE", model="SevenNet-0", checksum="0" * 64)
OTHER = MethodKey(program="sevennet", functional="PBE", model="SevenNet-l3i5", checksum="1" * 64)
ALLOYS = {"Li": 0.0, "In": 0.0, "Sn": 0.0, "LiIn": -0.28, "LiSn": -0.35, "Li2InSn": -0.4, "InSn": 0.02}
SALTS = {"Li": 0.0, "In": 0.0, "Cl": 0.0, "InCl": -0.9, "InCl3": -1.2, "LiCl": -2.0, "LiIn": -0.3, "Li3InCl6": -1.4}


def of_hulls() -> list[Any]:
    """Return hulls of two and three elements with what follows from them, at a temperature and with a second model."""
    binary = hull(table(LI_IN), system="Li-In", **COMMON)
    warm = hull(table({name: (0.9 * e, v) for name, (e, v) in LI_IN.items()}), system="Li-In",
                temperature=300.0, **COMMON)  # fmt: skip
    other = hull(table({name: (1.1 * e, v) for name, (e, v) in LI_IN.items()}, method=OTHER), system="Li-In",
                 engine="other", campaign="everything")  # fmt: skip
    ternary = hull([phase(name, e) for name, e in ALLOYS.items()], system="Li-In-Sn", **COMMON)
    return [binary, *phase_stabilities(binary), voltage(binary), warm, *hull_spread([binary, other]), ternary]


def of_vibrations() -> list[ThermalDocument]:
    """Return free energies of two phases at 300 K."""
    return [
        ThermalDocument(
            system="Li-In", phase=name, method=METHOD, formula=formula, temperature=300.0, n_atoms=n,
            free_energy_vib=-0.05 * n, zero_point_energy=0.03 * n, entropy_eV_per_K=3e-4 * n,
            free_energy_vib_per_atom=-0.05, n_imaginary=0, n_modes=3 * n, lowest_frequency_THz=0.0,
            highest_frequency_THz=9.0, repeats=(2, 2, 2), mesh=(8, 8, 8), **COMMON,
        )
        for name, formula, n in (("LiIn", "LiIn", 2), ("Li_bcc", "Li", 1))
    ]  # fmt: skip


def slabs(energy: float, *, excess: dict[str, int] | None = None, name: str = "") -> list[SlabEnergy]:
    """Return slabs of three thicknesses with one surface energy, eV/Å²."""
    return [
        SlabEnergy(
            layers=n, thickness=2.0 * n, formula_units=n, excess=excess or {}, n_atoms=2 * n, area=1.0,
            energy=2.0 * energy, method=METHOD, calculation_key=f"{name}{n}",
        )
        for n in (4, 6, 8)
    ]  # fmt: skip


def surface(plane: tuple[int, int, int], energy: float, termination: str = "LiCl|LiCl", **changes: Any) -> Any:
    """Return a surface of LiCl."""
    bulk = PhaseEnergy(
        name="LiCl", formula="LiCl", composition={"Li": 1, "Cl": 1}, energy=0.0, volume=1.0, method=METHOD
    )
    same = plane_family(library_phase("LiCl"), plane)
    fields = {
        "unrelaxed": slabs(energy + 0.002), "relaxed": slabs(energy, name="r"), "plane": plane,
        "plane_label": same.label, "equal_planes": same.equal, "termination": termination, "kind": "stoichiometric",
        "system": "Li-Cl", **COMMON,
    }  # fmt: skip
    return surface_document(bulk, **(fields | changes))


def of_surfaces() -> list[Any]:
    """Return surfaces of LiCl and the shape that they make: cubes with cut corners."""
    limits = [
        ChemicalLimit(neighbours=(name,), relative={"Li": mu, "Cl": -mu}, absolute={"Li": mu, "Cl": -mu})
        for name, mu in (("Li_bcc", 0.0), ("Cl_A14", -0.05))
    ]
    series = {state: slabs(0.013, excess={"Li": 1}, name=state) for state in ("unrelaxed", "relaxed")}
    charged = surface((1, 1, 1), 0.013, "Li|Cl", kind="non-stoichiometric", limits=limits, **series)
    planes = [surface((1, 0, 0), 0.01), surface((1, 1, 0), 0.02), charged]
    return [*planes, wulff_document(planes, np.asarray(library_phase("LiCl").structure.lattice.matrix))]


def of_hops() -> list[Any]:
    edges = {"Li1-Li2a": [(0, 1, (0, 0, 0)), (1, 0, (1, 0, 0))], "Li1-Li1a": [(0, 0, (0, 1, 0))]}
    hops = [
        document(cosine(0.28, 0.1, images=9), hop("Li1-Li2a", "Li1", "Li2", multiplicity=2)),
        document(cosine(0.5, climbing=3), hop("Li1-Li1a", "Li1")),
    ]
    sites = SiteNetwork(lattice=np.eye(3) * 4, positions=np.array([[0.0, 0, 0], [2, 0, 0]]), orbits=("Li1", "Li2"),
                        edges=edges, cutoff=4.2)  # fmt: skip
    return [*hops, migration(hops, sites)]


def of_interface() -> list[Any]:
    frames = run(*built(), frames=60)
    return [rdf_of(frames), bonds_of(frames), motion_of(frames), interface_md_of(frames, 64)]


def of_tensor() -> Any:
    structure = crystal("cubic m-3m")
    return elastic(**asked(*measured(structure, of_crystal(structure, 5))))


def of_anodes() -> list[Any]:
    """Return the reactions of two anodes with one electrolyte."""
    return [
        reactivity([phase(name, e) for name, e in SALTS.items()], first=first, second="Li3InCl6", **COMMON)
        for first in ("Li", "LiIn")
    ]


def of_contact() -> Any:
    """Return the energy of an interface, 20 meV/Å², from cells whose film is strained by 10 meV per formula unit."""
    return interface_energy_document(
        [
            SeriesCell(
                layers=n, units=n, other_units=4, energy=2 * 20.0 * 0.02 + 0.01 * n - 1.9 * n - 3.0 * 4, area=20.0
            )
            for n in (3, 5, 7)
        ],
        [11, 13, 15],
        film_unit_energy=-1.9,
        substrate_unit_energy=-3.0,
        strained_film_unit_energy=-1.89,
        strained_substrate_unit_energy=-3.0,
        parting=Parting(together=-24.43, film=-12.5, substrate=-11.2, film_units=7, substrate_units=4, area=20.0),
        reacted=False,
        checks=[],
        system="Li-Cl",
        method=METHOD,
        interface="Li_bcc(001)/LiCl(001)",
        film="Li_bcc",
        substrate="LiCl",
        film_strain=0.01,
        substrate_strain=0.0,
        **COMMON,
    )


def of_single_points() -> ParityDocument:
    """Return formation energies beside single points on the same structures."""
    rows = [
        ParityRow(name=name, formula=formula, energy=e, single_point_energy=other, is_reference=e == 0, max_force=0.01)
        for name, formula, e, other in (
            ("Li_bcc", "Li", 0.0, 0.0), ("In_bct", "In", 0.0, 0.0), ("LiIn", "LiIn", -0.27, -0.25),
            ("Li3In2", "Li3In2", -0.29, -0.28),
        )
    ]  # fmt: skip
    return ParityDocument(
        system="Li-In", engine="gpaw//made-up", campaign="everything", method=OTHER, structures_engine="made-up",
        structures_method=METHOD, quantity="formation_energy_per_atom", rows=rows, checks=rest_checks(rows),
        **differences(rows),
    )  # fmt: skip


def levels(top: float, gap: float) -> Levels:
    """Return two bands of one k-line, eV."""
    k = np.arange(4) / 4
    bent = -0.5 * np.sin(np.pi * k) ** 2
    energies = np.stack([top + bent, top + gap - bent], axis=1)[None]
    return Levels(
        energies=energies, occupations=np.stack([np.ones(4), np.zeros(4)], axis=1)[None], weights=np.full(4, 0.25),
        k_points=np.column_stack([k, 0 * k, 0 * k]), mesh=(4, 1, 1), fermi_level=top + 0.5 * gap,
        projections={"Cl p": np.full((1, 4, 2), 0.4)},
    )  # fmt: skip


def of_electrons() -> list[Any]:
    """Return the electronic structure of a crystal and the potential of a slab of it."""
    common: dict[str, Any] = {
        "system": "Li-Cl", "phase": "LiCl", "engine": "gpaw-alloy", "campaign": "everything",
        "method": MethodKey(program="gpaw", functional="PBE"),
    }  # fmt: skip
    heights = np.arange(200) * 0.15
    potential = Profile(
        heights=heights.tolist(), values=(2.0 - 9.0 * np.exp(-0.5 * ((heights - 15) / 1.5) ** 2)).tolist(),
        cell_height=30.0, atom_heights=[14.0, 16.0], periodic=True,
    )  # fmt: skip
    slab = SlabOfSurface(
        formula="LiCl", plane=(0, 0, 1), plane_label="(001)", surface="LiCl(001)", termination="LiCl|LiCl", layers=2,
        thickness=5.1, vacuum=25.0, n_atoms=4, relaxed=True, equal_surfaces=True, period=2.57,
    )  # fmt: skip
    return [
        electronic(levels(0.5, 6.3), formula="LiCl", calculations={"LiCl": "a" * 32}, broadening=0.1, **common),
        work_function(levels(-5.0, 6.0), potential, slab, calculations={"LiCl(001)": "b" * 32}, **common),
    ]


def of_adsorbates() -> AdsorptionDocument:
    """Return lithium on Li(001): best in hollows, to which one from the top rolled; bridges have no energy."""
    cell = surface_cell(library_phase("Li"), (0, 0, 1))
    slab = vacuum_slab(cell, slab_cuts(cell)[0], 5, vacuum=15.0, supercell=(2, 2))
    touching = touching_distances(slab.structure, library_phase("Li"), library_phase("Li"))
    found = {}
    for one in distinct_sites(slab.structure, touching):
        x, y, _ = centre(slab.structure, one.site.atoms)
        found[one.label] = {
            "site": one.label, "kind": one.site.kind, "around": ("Li",), "equal_sites": len(one.equal),
            "position": (float(x), float(y)),
        }  # fmt: skip
    rests = Ended(
        site="hollow", away=0.0, position=found["hollow"]["position"], height=1.8, nearest=3.04, neighbours={"Li": 5},
        slab_displacement=0.1, checks=(),
    )  # fmt: skip
    rolled = Check(name="site_kept", passed=False, message="the adsorbate left top and ended on hollow", subject="top")
    tolerances = AdsorptionTolerances()
    atom = FreeAtom(cohesive_energy=1.6, origin="tabulated", source="a table")
    rows = site_rows(
        [
            AdsorbedSlab(**found["top"], energy=-101.702, ended=replace(rests, checks=(rolled,))),
            AdsorbedSlab(**found["bridge"], reason="the forces grew without limit"),
            AdsorbedSlab(**found["hollow"], energy=-101.7, ended=rests),
        ],
        bare=-100.0, potential=-2.0, adsorbates=1, free_atom=atom, tolerances=tolerances,
    )  # fmt: skip
    best = best_site(rows, "Li(001)")
    return AdsorptionDocument(
        system="Li", phase="Li_bcc", method=METHOD, **COMMON, completeness="partial",
        missing=["Li on bridge of Li(001): the forces grew without limit"], checks=site_checks(rows, tolerances),
        formula="Li", surface="Li(001)", plane=(0, 0, 1), plane_label="(001)", termination="Li|Li",
        kind="stoichiometric", adsorbate="Li", sides="one", adsorbates=1, supercell=(2, 2), area_per_adsorbate=47.3,
        layers=5, thickness=6.9, n_atoms=20, adsorption_energy=best.adsorption_energy or 0.0,
        adsorption_energy_from_atom=best.adsorption_energy_from_atom, free_atom=atom, best_site=best.site, sites=rows,
        slab=slab.structure.as_dict(), tolerances=tolerances,
    )  # fmt: skip


def everything() -> list[Any]:
    """Return those that the report has a chapter for."""
    return [
        *of_hulls(), *of_vibrations(), *of_hops(), *of_anodes(), *of_interface(), *of_surfaces(), of_contact(),
        of_tensor(), of_adsorbates(), *of_electrons(), of_single_points(),
    ]  # fmt: skip
