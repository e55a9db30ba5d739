"""Which calculations: engines, one flow per property, campaigns.

Physics is written once here, for every engine; where things run and are kept is ``lianode.hpc``'s part.
"""
