"""What is checked before a training: the data set, the device, the time that it takes."""
