"""Style and behaviour of the report in a browser."""
