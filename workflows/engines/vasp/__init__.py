"""VASP: presets, inputs, runs through custodian, and outputs."""
