"""A stand-in for the VASP program: same input and output files, no density-functional theory.

It takes energies, forces and stress from the analytic test potential, so that the whole way of a calculation through
queue, custodian, parser and store can be tried where VASP is not installed or before it costs anything. Whatever it
writes says that it is a rehearsal; `lianode.hpc.rehearsal.marker.is_rehearsal` reads that from the files.
"""
