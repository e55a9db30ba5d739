"""GPAW: open plane-wave PAW calculations, in a process of their own."""
