"""Machine-learned potentials whose weights come inside their wheels and work offline."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import io
import warnings
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from lianode.analysis.method import MethodKey
from lianode.structures.errors import InputError
from lianode.workflows.engine import Capability
from lianode.workflows.engines.ase_engine import AseEngine

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ase.calculators.calculator import Calculator
    from pymatgen.core import Structure

    from lianode.workflows.engines.band.state import Evaluator

KNOWN_ELEMENTS = frozenset(range(1, 84)) | frozenset(range(89, 95))
"""Atomic numbers in MPtrj, on which all of these models were trained: H to Bi and Ac to Pu."""

NOT_IN_R2SCAN = frozenset({70})
"""The r2SCAN data have no ytterbium: its reference energy in both models that learned them is an untouched zero."""


@dataclass(frozen=True)
class Model:
    """One set of weights.

    Attributes
    ----------
    package
        Distribution that brings the weights, which is also the program.
    title
        Name as its authors write it.
    weights
        File inside the package.
    argument
        What the package's loader calls it.
    functional, corrections
        Of the energies it was trained on. CHGNet 0.3 learned energies with the Materials Project's 2020 corrections;
        SevenNet learned them as computed.
    modality
        Task of a multi-fidelity model.
    untrained
        Atomic numbers of :data:`KNOWN_ELEMENTS` that this one was not trained on.
    milliseconds_per_atom
        On one core, for plans; measured on LiIn cells of 4 to 105 atoms.
    """

    package: Literal["sevenn", "chgnet"]
    title: str
    weights: str
    argument: str
    functional: str
    corrections: str = "none"
    modality: str | None = None
    untrained: frozenset[int] = frozenset()
    milliseconds_per_atom: float = 5.0


_SEVENNET = "pretrained_potentials"
MODELS: dict[str, Model] = {
    "sevennet-0": Model(
        "sevenn", "SevenNet-0", f"{_SEVENNET}/SevenNet_0__11Jul2024/checkpoint_sevennet_0.pth", "7net-0", "PBE"
    ),
    "sevennet-l3i5": Model(
        "sevenn",
        "SevenNet-l3i5",
        f"{_SEVENNET}/SevenNet_l3i5/checkpoint_l3i5.pth",
        "7net-l3i5",
        "PBE",
        milliseconds_per_atom=20.0,
    ),
    "sevennet-mf-0:pbe": Model(
        "sevenn",
        "SevenNet-MF-0",
        f"{_SEVENNET}/SevenNet_MF_0/checkpoint_sevennet_mf_0.pth",
        "7net-mf-0",
        "PBE",
        modality="PBE",
    ),
    "sevennet-mf-0:r2scan": Model(
        "sevenn",
        "SevenNet-MF-0",
        f"{_SEVENNET}/SevenNet_MF_0/checkpoint_sevennet_mf_0.pth",
        "7net-mf-0",
        "r2SCAN",
        modality="R2SCAN",
        untrained=NOT_IN_R2SCAN,
    ),
    "chgnet": Model(
        "chgnet",
        "CHGNet 0.3.0",
        "pretrained/0.3.0/chgnet_0.3.0_e29f68s314m37.pth.tar",
        "0.3.0",
        "PBE",
        corrections="MP2020",
        milliseconds_per_atom=4.0,
    ),
    "chgnet-r2scan": Model(
        "chgnet",
        "CHGNet-r2SCAN",
        "pretrained/r2scan/chgnet_r2scan_transfer_learning_e15f36s161m23.pth.tar",
        "r2scan",
        "r2SCAN",
        untrained=NOT_IN_R2SCAN,
        milliseconds_per_atom=4.0,
    ),
}
BATCH = 8
"""Images of a band that an accelerator computes together."""
MODALITIES_NEEDED = {"sevennet-mf-0": ("sevennet-mf-0:pbe", "sevennet-mf-0:r2scan")}


def weights_file(model: Model) -> Path:
    """Return the path of the weights, without importing the package (which takes seconds).

    Raises
    ------
    InputError
        When the package is not installed, or its version comes without this model.
    """
    spec = find_spec(model.package)
    if spec is None or spec.origin is None:
        raise InputError(f"{model.title} is not installed; run: pip install 'lianode[mlip]'", "engine")
    file = Path(spec.origin).parent / model.weights
    if not file.is_file():
        raise InputError(
            f"the installed {model.package} {metadata.version(model.package)} does not contain {model.title}; "
            "run: pip install 'lianode[mlip]'",
            "engine",
        )
    return file


@functools.cache
def _checksum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@functools.cache
def _version(package: str) -> str:
    return f"{package} {metadata.version(package)}"


@contextlib.contextmanager
def _no_collections() -> Iterator[None]:
    """Keep the garbage collector out of the import of thousands of modules, none of which will ever be garbage."""
    import gc

    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if enabled:
            gc.enable()


@functools.cache
def _calculator(name: str) -> Calculator:
    """Load a model once per process; the packages' greetings and tips are kept off the terminal."""
    model = MODELS[name]
    with _no_collections(), warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        if model.package == "sevenn":
            from sevenn.calculator import SevenNetCalculator

            return SevenNetCalculator(str(weights_file(model)), modal=model.modality)
        from chgnet.model import CHGNet
        from chgnet.model.dynamics import CHGNetCalculator

        network = CHGNet.load(model_name=model.argument, verbose=False)
        return CHGNetCalculator(network, on_isolated_atoms="ignore")


class MlipEngine(AseEngine):
    """A machine-learned potential.

    Parameters
    ----------
    name
        One of :data:`MODELS`.
    """

    capabilities = frozenset({Capability.STRESS, Capability.CONSTANT_PRESSURE})

    def __init__(self, name: str) -> None:
        self.name = name
        self.settings: dict[str, object] = {"name": name}
        self.model = MODELS[name]

    def method(self) -> MethodKey:
        """Return program, functional, corrections and the checksum of the weights."""
        model = self.model
        return MethodKey(
            program="sevennet" if model.package == "sevenn" else "chgnet",
            functional=model.functional,
            corrections=model.corrections,
            model=model.title,
            checksum=_checksum(weights_file(model)),
            modality=model.modality,
        )

    def version(self) -> str:
        """Return the version of the package."""
        return _version(self.model.package)

    def check(self, structure: Structure) -> None:
        """Refuse elements outside the training set, and a missing package."""
        weights_file(self.model)
        known = KNOWN_ELEMENTS - self.model.untrained
        unknown = sorted({site.specie.symbol for site in structure if site.specie.Z not in known})
        if unknown:
            raise InputError(
                f"{self.model.title} does not know {', '.join(unknown)}; it was trained on H to Bi and Ac to Pu"
                + (" without Yb" if self.model.untrained else ""),
                structure.composition.reduced_formula,
            )

    def seconds_per_evaluation(self, n_atoms: int) -> float:
        """Estimate the time of one evaluation on one core."""
        return 0.012 + self.model.milliseconds_per_atom * 1e-3 * n_atoms

    def calculator(self) -> Calculator:
        """Return the loaded model."""
        return _calculator(self.name)

    def band_evaluator(self, structure: Structure) -> Evaluator:
        """Return what computes the images of a band: SevenNet together on an accelerator, else one after the other."""
        calculator = self.calculator()
        if self.model.package == "sevenn" and calculator.device.type != "cpu":
            from lianode.workflows.engines.sevennet_images import SevenNetImages

            return SevenNetImages(structure, calculator, at_once=BATCH)
        return super().band_evaluator(structure)
