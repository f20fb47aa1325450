"""Import of checkpoints that other projects trained: state dicts and ONNX files become model packages."""
