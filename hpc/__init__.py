"""Where calculations run and where results live: settings, stores, runners."""
