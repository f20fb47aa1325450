"""The part of OpenAI's images API that the service understands."""
