"""ONNX graphs: export, storage of weights, and rewrites that preserve the output."""
