"""How atoms move in time: velocity Verlet, the thermostats around it, and a cell that answers to a pressure."""
