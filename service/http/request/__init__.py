"""Reading requests: bodies, uploads, content negotiation, dependencies."""
