"""The HTTP interface: the application, its middleware, requests, responses and routes."""
