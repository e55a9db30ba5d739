"""Campaigns on a cluster: submitted to FireWorks, fed to a scheduler, watched, continued."""
