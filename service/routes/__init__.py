"""One small router per resource; `app` puts them together."""
