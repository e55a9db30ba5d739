"""Which atoms: the phase library, users' own structure files, dilute and ordered cells.

Nothing here computes an energy, and nothing here imports another part of lianode. The loaders are
``lianode.structures.library.phase`` and ``phases``, and ``lianode.structures.files.read_phases``.
"""
