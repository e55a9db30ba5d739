"""Trajectories: read frame by frame from what programs write, joined over runs, and written for other programs."""
