"""Run folders, checkpoints and the devices that a run trains on."""
