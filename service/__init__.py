"""The HTTP service: FastAPI in front of ONNX Runtime. Never imports torch or training."""

__version__ = "0.1.0"
