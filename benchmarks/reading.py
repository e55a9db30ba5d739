"""Reading a vasprun.xml of molecular dynamics: time, peak memory and the ratio to pymatgen's Vasprun.

The frames of a short run are repeated until the file has the wanted size: of a run of the rehearsal (made here), and of
a real one where shared/reference/vasp is present (md-si64; LIANODE_REFERENCE_VASP can name the folder). Every reader
runs in a process of its own and takes cell, positions and energy of every frame; the peak is that of the process, with
Python and its imports. pymatgen builds a tree of the whole file, so it is measured on a smaller file of the same kind,
in the same run, without levels, densities of states and POTCAR; the ratio compares the two readers on that file, and
the last column says what pymatgen's time and memory become at the full size if they grow in proportion.

    python benchmarks/reading.py --size 1000 --pymatgen-size 100
"""

from __future__ import annotations

import argparse
import contextlib
import gzip
import io
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from dataclasses import dataclass
from pathlib import Path

MB = 10**6
INCAR = "IBRION = 0\nNSW = 20\nPOTIM = 2\nTEBEG = 300\nMDALGO = 2\nSMASS = 0\nLCHARG = F\nLWAVE = F\nEDIFF = 1E-4\n"


@dataclass(frozen=True)
class Measured:
    """What a process that read a file says of itself."""

    seconds: float
    peak_MB: float
    frames: int
    energy: float
    moment: float

    @property
    def answer(self) -> tuple[int, float, float]:
        """What all readers have to agree on."""
        return self.frames, round(self.energy, 6), round(self.moment, 4)


def rehearsal(folder: Path) -> bytes:
    """Return the vasprun.xml of a short run of 64 atoms."""
    from pymatgen.core import Lattice, Structure
    from pymatgen.io.vasp.inputs import Poscar

    from lianode.hpc.rehearsal.main import run_folder

    cell = Structure.from_spacegroup("Fm-3m", Lattice.cubic(4.3), ["Li"], [[0, 0, 0]])
    cell.make_supercell((4, 2, 2))
    (folder / "INCAR").write_text(INCAR)
    (folder / "POSCAR").write_text(Poscar(cell).get_str())
    (folder / "POTCAR.spec").write_text("Li_sv\n")
    (folder / "KPOINTS").write_text("k\n0\nGamma\n1 1 1\n0 0 0\n")
    with contextlib.redirect_stdout(io.StringIO()):
        assert run_folder(folder) == 0
    return (folder / "vasprun.xml").read_bytes()


def real() -> bytes | None:
    """Return a vasprun.xml of VASP 6.3, or None where the folder of real outputs is not here."""
    stated = os.environ.get("LIANODE_REFERENCE_VASP")
    folder = Path(stated) if stated else Path(__file__).parents[2] / "shared" / "reference" / "vasp"
    path = folder / "md-si64" / "vasprun.xml.gz"
    return gzip.decompress(path.read_bytes()) if path.is_file() else None


def repeat(text: bytes, size: int, path: Path) -> int:
    """Write the file with its steps repeated to at least ``size`` bytes; return its size."""
    begin, end = text.index(b" <calculation>"), text.rindex(b"</calculation>") + len(b"</calculation>\n")
    steps = text[begin:end]
    if len(steps) > size:
        raise SystemExit("the size is smaller than the file that is repeated")
    with path.open("wb") as file:
        written = file.write(text[:begin])
        while written < size:
            written += file.write(steps)
        written += file.write(text[end:])
    return written


def measure(reader: str, path: Path) -> Measured:
    """Read a file in a process of its own."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, __file__, "--read", reader, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return Measured(**json.loads(done.stdout.splitlines()[-1]))


def read(reader: str, path: Path) -> Measured:
    """Read every frame in this process."""
    count, energy, moment = 0, 0.0, 0.0
    if reader == "lianode":
        from lianode.analysis.trajectories.frames import frames

        begun = time.perf_counter()
        for frame in frames(path):
            count += 1
            energy += frame.energy or 0.0
            moment += float(frame.positions.sum())
    else:
        from pymatgen.io.vasp.outputs import Vasprun

        warnings.simplefilter("ignore")
        begun = time.perf_counter()
        run = Vasprun(path, parse_dos=False, parse_eigen=False, parse_potcar_file=False)
        for step in run.ionic_steps:
            count += 1
            energy += step["e_0_energy"]
            moment += float(step["structure"].cart_coords.sum())
    seconds = time.perf_counter() - begun
    return Measured(seconds, peak(), count, energy, moment)


def peak() -> float:
    """Return the most memory this process has held, MB.

    Linux hands the peak of the parent on to a child in ``getrusage``, but not in ``VmHWM``.
    """
    status = Path("/proc/self/status")
    if status.is_file():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024 / MB
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / MB


def compare(name: str, text: bytes, folder: Path, size: int, small: int) -> None:
    """Measure both readers on one kind of file and print what came out."""
    path = folder / "vasprun.xml"
    of_small = repeat(text, small, path)
    ours_small, theirs = measure("lianode", path), measure("pymatgen", path)
    agrees = ours_small.answer == theirs.answer
    of_large = repeat(text, size, path)
    ours = measure("lianode", path)
    path.unlink()
    grown = of_large / of_small
    print(f"\n{name}")
    print(f"  {'reader':10} {'file MB':>8} {'frames':>8} {'s':>8} {'MB/s':>7} {'peak MB':>8}")
    for reader, bytes_read, result in (
        ("lianode", of_large, ours),
        ("lianode", of_small, ours_small),
        ("pymatgen", of_small, theirs),
    ):
        rate = bytes_read / MB / result.seconds
        print(
            f"  {reader:10} {bytes_read / MB:8.0f} {result.frames:8d} {result.seconds:8.2f} {rate:7.1f} "
            f"{result.peak_MB:8.0f}"
        )
    print(f"  ratio of times on the file of {of_small / MB:.0f} MB: {theirs.seconds / ours_small.seconds:.0f}")
    print(f"  pymatgen at {of_large / MB:.0f} MB, in proportion: {theirs.seconds * grown:.0f} s")
    print(f"  frames, energies and positions of both readers agree: {'yes' if agrees else 'NO'}")
    assert agrees


def main() -> None:
    """Make the files, measure, and remove them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=float, default=1000.0, help="MB of the large file")
    parser.add_argument("--pymatgen-size", type=float, default=100.0, help="MB of the file that pymatgen reads too")
    parser.add_argument("--folder", type=Path, default=None, help="where the files are made, and removed afterwards")
    parser.add_argument("--read", nargs=2, metavar=("READER", "PATH"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.read:
        print(json.dumps(read(options.read[0], Path(options.read[1])).__dict__))
        return
    with tempfile.TemporaryDirectory(dir=options.folder) as temporary:
        folder = Path(temporary)
        kinds = {"rehearsal, 64 atoms": rehearsal(folder), "VASP 6.3.2, md-si64, 64 atoms": real()}
        for name, text in kinds.items():
            if text is None:
                print(f"\n{name}: not here (LIANODE_REFERENCE_VASP can name the folder)")
                continue
            compare(name, text, folder, int(options.size * MB), int(options.pymatgen_size * MB))


if __name__ == "__main__":
    main()
