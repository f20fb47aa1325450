"""Processes and sockets: one process or several workers, and the HTTP protocol on their sockets."""
