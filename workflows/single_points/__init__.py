"""Single points: energies of one engine on the structures that another one found."""
