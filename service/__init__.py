"""The HTTP service: FastAPI in front of ONNX Runtime. Never imports torch or training."""
