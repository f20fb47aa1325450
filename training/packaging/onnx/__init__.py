"""ONNX graphs: export, weights, and rewrites that keep their result."""
