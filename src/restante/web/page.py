"""Renders pages: template, words, who is asking, what time it is.

Every template is given ``demo`` (a :class:`DemoState` or ``None``), ``clock_now`` and
``clock_speed`` (for ``<meta name="clock">``), ``path``, and may use the filters ``day_time``,
``day``, ``clock_time``, ``iso`` and ``ago``. It must not know which pages exist.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from gettext import NullTranslations
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from jinja2 import Environment
from litestar import MediaType, Response
from litestar.datastructures import Cookie

from restante.clock import Clock

from .assets import Assets
from .demo_controls import SPEEDS, DemoControls
from .rendering import make_environment
from .security import DEFAULT_POLICY, PagePolicy
from .session import WebRequest

MINUTE, HOUR, DAY = 60, 3600, 86_400


class DemoState(NamedTuple):
    """What every page shows of a running demonstration."""

    speed: int
    speeds: tuple[int, ...]
    is_peak: bool
    cut_count: int


class Pages:
    """Renders templates into answers.

    Parameters
    ----------
    clock
        Domain time.
    zone
        IANA name of the network's own time zone, for what belongs to no site.
    translations
        Catalogs by language; English needs none.
    release
        Version that the foot of the pages names.
    """

    def __init__(
        self,
        assets: Assets,
        clock: Clock,
        *,
        demo: DemoControls | None = None,
        zone: str = "UTC",
        translations: Mapping[str, NullTranslations] | None = None,
        release: str = "",
    ) -> None:
        self.clock = clock
        self.demo = demo
        self.zone = zone
        self.release = release
        catalogs = dict(translations or {})
        self.languages: Sequence[str] = ("en", *sorted(set(catalogs) - {"en"}))
        self._environments = {
            language: self._make_environment(assets, language, catalogs.get(language))
            for language in self.languages
        }

    def render(
        self,
        request: WebRequest,
        template: str,
        *,
        policy: PagePolicy = DEFAULT_POLICY,
        status_code: int = 200,
        headers: Mapping[str, str] | None = None,
        cookies: Sequence[Cookie] = (),
        language: str = "",
        **context: Any,
    ) -> Response[str]:
        """Render a template as the answer to a request.

        Parameters
        ----------
        template
            Path below ``templates``.
        language
            Overrules what the reader's browser asks for.
        context
            What the template shows.
        """
        environment = self._environments[self.pick_language(request, language)]
        text = environment.get_template(template).render({**self._given(request), **context})
        return Response(
            text,
            status_code=status_code,
            media_type=MediaType.HTML,
            headers={**policy.headers(), **(headers or {})},
            cookies=list(cookies),
        )

    def fragment(self, request: WebRequest, template: str, macro: str, *args: Any) -> str:
        """Render one macro of a template, as an answer to htmx."""
        environment = self._environments[self.pick_language(request)]
        module = environment.get_template(template).make_module(self._given(request))
        return str(getattr(module, macro)(*args))

    def pick_language(self, request: WebRequest, wanted: str = "") -> str:
        """Choose a language spoken here: wanted, chosen before, or asked for by the browser."""
        asked = [wanted, request.cookies.get("language", "")]
        asked += [
            part.split(";")[0] for part in request.headers.get("accept-language", "").split(",")
        ]
        for tag in asked:
            base = tag.strip().split("-")[0].lower()
            if base in self.languages:
                return base
        return "en"

    def _given(self, request: WebRequest) -> dict[str, Any]:
        state = None if self.demo is None else demo_state(self.demo)
        return {
            "demo": state,
            "clock_now": iso(self.clock.now()),
            "clock_speed": 1 if state is None else state.speed,
            "now": self.clock.now(),
            "path": request.url.path,
            "release": self.release,
        }

    def _make_environment(
        self, assets: Assets, language: str, translations: NullTranslations | None
    ) -> Environment:
        environment = make_environment(assets, language=language, translations=translations)
        filters: dict[str, Callable[..., str]] = {
            "iso": iso,
            "day_time": lambda at, zone="": day_time(at, zone or self.zone),
            "day": lambda at, zone="": day(at, zone or self.zone),
            "clock_time": lambda at, zone="": clock_time(at, zone or self.zone),
            "ago": lambda at: ago(self.clock.now() - at),
        }
        environment.filters.update(filters)
        return environment


def demo_state(demo: DemoControls) -> DemoState:
    """Ask a demonstration how it stands."""
    return DemoState(demo.speed, SPEEDS, demo.is_peak, len(demo.cut_lockers))


_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS: Final = (
    *("Jan", "Feb", "Mar", "Apr", "May", "Jun"),
    *("Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
)


def iso(at: int) -> str:
    """Write a time for machines: UTC, ``2026-11-20T18:00:00Z``."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def day(at: int, zone: str) -> str:
    """Write a local day: ``Fri 20 Nov``."""
    local = datetime.fromtimestamp(at, UTC).astimezone(ZoneInfo(zone))
    return f"{_DAYS[local.weekday()]} {local.day} {_MONTHS[local.month - 1]}"


def clock_time(at: int, zone: str) -> str:
    """Write a local time: ``18:00``."""
    return datetime.fromtimestamp(at, UTC).astimezone(ZoneInfo(zone)).strftime("%H:%M")


def day_time(at: int, zone: str) -> str:
    """Write a local day and time: ``Fri 20 Nov, 18:00``."""
    return f"{day(at, zone)}, {clock_time(at, zone)}"


def ago(seconds: int) -> str:
    """Write how long something has lasted: ``under 1 min``, ``5 min``, ``3 h``, ``2 d``."""
    if seconds < MINUTE:
        return "under 1 min"
    if seconds < HOUR:
        return f"{seconds // MINUTE} min"
    if seconds < 2 * DAY:
        return f"{seconds // HOUR} h"
    return f"{seconds // DAY} d"
