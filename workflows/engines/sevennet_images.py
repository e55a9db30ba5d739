"""Images of a band computed by SevenNet together, as one graph: what fills an accelerator."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pymatgen.core import Structure

    Array = NDArray[np.float64]


class SevenNetImages:
    """Energies and forces of images in batches.

    Graphs that do not touch each other do not change each other: the numbers are those of one image at a time, to
    single precision.

    Parameters
    ----------
    structure
        Cell and elements.
    calculator
        SevenNet's ASE calculator, whose model is used.
    at_once
        Images per batch.
    """

    def __init__(self, structure: Structure, calculator: Any, *, at_once: int) -> None:
        from pymatgen.io.ase import AseAtomsAdaptor

        self.atoms = AseAtomsAdaptor.get_atoms(structure, msonable=False)
        self.calculator, self.at_once = calculator, at_once
        self.seconds = 0.0

    def __call__(self, images: Array, number: int) -> tuple[Array, Array]:  # noqa: ARG002 - of the Protocol
        """Return energies (k,), eV, and forces (k, n, 3), eV/Å, of images (k, n, 3), Å."""
        from sevenn import _keys as names
        from sevenn.atom_graph_data import AtomGraphData
        from sevenn.train.dataload import unlabeled_atoms_to_graph
        from torch_geometric.data import Batch  # type: ignore[import-untyped, unused-ignore]

        clock = time.perf_counter()
        calculator, model = self.calculator, self.calculator.model
        graphs = []
        for positions in images:
            self.atoms.set_positions(positions)
            graph = AtomGraphData.from_numpy_dict(
                unlabeled_atoms_to_graph(self.atoms, calculator.cutoff, with_shift=False)
            )
            if calculator.modal:
                graph[names.DATA_MODALITY] = calculator.modal
            graphs.append(graph)
        model.set_is_batch_data(True)
        try:
            output = model(Batch.from_data_list(graphs).to(calculator.device))
        finally:
            model.set_is_batch_data(False)
        energies = output[names.PRED_TOTAL_ENERGY].detach().cpu().numpy().astype(float)
        forces = output[names.PRED_FORCE].detach().cpu().numpy().astype(float)
        self.seconds += time.perf_counter() - clock
        return energies.reshape(len(images)), forces.reshape(images.shape)
