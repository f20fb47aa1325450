"""Writing responses: headers, caching, streaming."""
