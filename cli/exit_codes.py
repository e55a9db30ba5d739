"""What the command's exit codes mean."""

INCOMPLETE = 1
"""Something that was asked for is missing."""
INPUT = 2
"""The input cannot be used; nothing was started."""
STOPPED = 130
"""The user stopped it."""
