"""OpenTelemetry traces, configured by its own environment variables, if the extra `otel` is installed."""

import logging
import os

from starlette.types import ASGIApp

_log = logging.getLogger(__name__)
_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")


def is_wanted() -> bool:
    """Whether the environment enables traces."""
    exporter = os.environ.get("OTEL_TRACES_EXPORTER", "")
    if os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true" or exporter == "none":
        return False
    return bool(exporter) or any(name in os.environ for name in _ENDPOINTS)


def traced(app: ASGIApp) -> ASGIApp:
    """The application with a span around each request; unchanged if traces are not enabled."""
    if not is_wanted():
        return app
    try:
        from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter
    except ImportError:
        _log.warning(
            "traces are asked for, but the extra otel is missing: in Ganvas's folder, pip install --editable '.[otel]'"
        )
        return app
    os.environ.setdefault("OTEL_SERVICE_NAME", "ganvas")
    provider = TracerProvider()
    if os.environ.get("OTEL_TRACES_EXPORTER") == "console":
        provider.add_span_processor(BatchSpanProcessor(ConsoleSpanExporter()))
    else:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    traced_app: ASGIApp = OpenTelemetryMiddleware(app, tracer_provider=provider, exclude_spans=["receive", "send"])
    return traced_app
