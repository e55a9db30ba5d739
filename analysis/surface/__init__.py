"""Surface energies and Wulff shapes."""
