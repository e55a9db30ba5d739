"""The results store in a browser, and for OPTIMADE clients."""
