"""Traces by OpenTelemetry, for who asks for them: off unless ``trace_url`` is set.

Spans are told for requests (door, method, status) and for what the committer writes together. No
address, no name and no id of a person is in one. The library is loaded only when it is used.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from .. import __version__
from ..settings import BadSetting, Settings
from .ending import in_time

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

SERVER_ERROR = 500


class Traces:
    """Makes spans, and sends them until it is closed."""

    def __init__(self, provider: "TracerProvider") -> None:
        from opentelemetry.trace import SpanKind
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        self._provider = provider
        self._tracer = provider.get_tracer("restante", __version__)
        self._propagator = TraceContextTextMapPropagator()
        self._server = SpanKind.SERVER

    @contextmanager
    def request(
        self, door: str, method: str, headers: dict[str, str]
    ) -> Iterator[Callable[[int], None]]:
        """Make a span of a request; what is yielded is told its status."""
        from opentelemetry.trace import Status, StatusCode

        with self._tracer.start_as_current_span(
            f"{method} {door}",
            context=self._propagator.extract(headers),
            kind=self._server,
            attributes={"http.request.method": method, "restante.door": door},
        ) as span:

            def tell(status: int) -> None:
                span.set_attribute("http.response.status_code", status)
                if status >= SERVER_ERROR:
                    span.set_status(Status(StatusCode.ERROR))

            yield tell

    @contextmanager
    def batch(self, count: int) -> Iterator[None]:
        """Make a span of operations that are written together."""
        with self._tracer.start_as_current_span(
            "commit", attributes={"restante.operations": count}
        ):
            yield

    def close(self, seconds: float | None = None) -> bool:
        """Send what is left; whether that was done within so many seconds."""
        return in_time(self._provider.shutdown, seconds)


def open_traces(settings: Settings) -> Traces | None:
    """Begin to trace where the settings say so.

    Raises
    ------
    BadSetting
        When the library is not installed.
    """
    if not settings.trace_url:
        return None
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        raise BadSetting("trace_url: install restante[telemetry]") from error
    resource = Resource.create({"service.name": "restante", "service.version": __version__})
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(settings.trace_url)))
    return Traces(provider)
