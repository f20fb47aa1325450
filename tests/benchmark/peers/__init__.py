"""What a user would pick instead of this service, each a small program that serves one ONNX file.

A program opens with the requirements of its environment (PEP 723), and reads from `generation.Task` what to serve.
"""
