"""Running networks with ONNX Runtime: engines, sessions and batching."""
