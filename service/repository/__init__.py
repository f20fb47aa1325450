"""Model packages: manifests, loading, verification and the served versions."""
