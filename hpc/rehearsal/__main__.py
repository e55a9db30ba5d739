"""``python -m lianode.hpc.rehearsal`` stands where ``vasp_std`` would stand."""

from lianode.hpc.rehearsal.main import main

if __name__ == "__main__":
    main()
