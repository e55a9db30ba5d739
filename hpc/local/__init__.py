"""Running flows on this machine, in persistent worker processes."""
