"""How a structure changes in time: neighbours, bonds, profiles and diffusion from the frames of molecular dynamics."""
