"""The ``<parameters>`` of vasprun.xml: what VASP says that it used, defaults included."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lianode.hpc.rehearsal.incar import Value
    from lianode.hpc.rehearsal.settings import Settings

Section = dict[str, "Value"]


def _defaults(settings: Settings) -> dict[str, Section]:
    n_ions = len(settings.geometry.fractional)
    x, y, z = settings.grid
    species = len(settings.potcars)
    return {
        "general": {"SYSTEM": settings.system, "LCOMPAT": False},
        "electronic": {
            "PREC": "normal", "ENMAX": settings.cutoff, "ENAUG": 2.0 * settings.cutoff, "EDIFF": settings.ediff,
            "IALGO": 38, "IWAVPR": 11, "NBANDS": settings.n_bands, "NELECT": settings.n_electrons,
            "TURBO": 0, "IRESTART": 0,
        },
        "electronic smearing": {
            "ISMEAR": settings.ismear, "SIGMA": settings.sigma, "KSPACING": 0.5, "KGAMMA": True,
        },
        "electronic projectors": {"LREAL": False, "ROPT": [0.0] * species, "LMAXPAW": -100, "LMAXMIX": 2},
        "electronic startup": {"ISTART": 0, "ICHARG": 2, "INIWAV": 1},
        "electronic spin": {
            "ISPIN": settings.n_spins, "LNONCOLLINEAR": False, "MAGMOM": [1.0] * n_ions, "NUPDOWN": -1.0,
            "LSORBIT": False, "SAXIS": [0.0, 0.0, 1.0],
        },
        "electronic exchange-correlation": {
            "LASPH": False, "LMETAGGA": False, "METAGGA": "--", "GGA": "PE", "VOSKOWN": 0, "LHFCALC": False,
            "AEXX": 0.0, "HFSCREEN": 0.0, "ALDAC": 1.0, "AGGAC": 1.0, "LUSE_VDW": False, "IVDW": 0,
        },
        "electronic convergence": {"NELM": settings.nelm, "NELMDL": -5, "NELMIN": settings.nelmin},
        "electronic mixer": {"AMIX": 0.4, "BMIX": 1.0, "AMIN": 0.1, "AMIX_MAG": 1.6, "BMIX_MAG": 1.0, "IMIX": 4},
        "electronic dipolcorrection": {
            "LDIPOL": False, "LMONO": False, "IDIPOL": 0, "EPSILON": 1.0, "DIPOL": [-100.0] * 3, "EFIELD": 0.0,
        },
        "grids": {"NGX": x // 2, "NGY": y // 2, "NGZ": z // 2, "NGXF": x, "NGYF": y, "NGZF": z, "ADDGRID": False},
        "ionic": {
            "NSW": settings.nsw, "IBRION": settings.ibrion, "MDALGO": 0, "ISIF": settings.isif, "PSTRESS": 0.0,
            "EDIFFG": settings.ediffg, "NFREE": 0, "POTIM": settings.potim, "SMASS": -3.0, "SCALEE": 1.0,
        },
        "ionic md": {"TEBEG": 1e-4, "TEEND": 1e-4, "NBLOCK": 1, "KBLOCK": max(settings.nsw, 1), "NPACO": 256},
        "symmetry": {"ISYM": settings.isym, "SYMPREC": 1e-5},
        "dos": {"LORBIT": 0, "RWIGS": [-1.0] * species, "NEDOS": 301, "EMIN": 10.0, "EMAX": -10.0, "EFERMI": 0.0},
        "writing": {
            "NWRITE": 2, "LWAVE": True, "LCHARG": True, "LPARD": False, "LVTOT": False, "LVHAR": False, "LELF": False,
            "LOPTICS": False,
        },
        "performance": {"NPAR": 1, "NSIM": 4, "LPLANE": True, "NCORE": 1, "KPAR": 1},
        "miscellaneous": {"LDAU": False, "LEPSILON": False, "LCALCPOL": False, "LCORR": True},
    }  # fmt: skip


def parameters(settings: Settings) -> dict[str, Section]:
    """Return the parameters by section, INCAR's tags in their places and those of no known section in the last."""
    sections = _defaults(settings)
    known = {tag for section in sections.values() for tag in section}
    for section in sections.values():
        section.update({tag: _as_kind(settings.tags[tag], section[tag]) for tag in section if tag in settings.tags})
    resolved = {"EDIFFG": settings.ediffg, "ISIF": settings.isif, "IBRION": settings.ibrion}
    sections["ionic"].update(resolved)
    others = {tag: value for tag, value in settings.tags.items() if tag not in known and tag != "ENCUT"}
    sections["miscellaneous"].update(others)
    return sections


def _as_kind(value: Value, default: Value) -> Value:
    """Make ``SIGMA = 1`` a real number."""
    if isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return value
