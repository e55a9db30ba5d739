"""The ``lianode`` command: one file per group of commands, no logic."""
