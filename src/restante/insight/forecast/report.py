"""The report of a forecast: what comes, and how wrong such forecasts were, always beside it."""

import io
from base64 import b64encode
from datetime import timedelta
from html import escape
from typing import Any, Final

from .history import History
from .result import Forecast, Line

SHOWN_DAYS: Final = 84
"""Of the past, before what is forecast."""
INK, BLUE, GREY = "#1c2733", "#1f6feb", "#8a949e"

_SENTENCES: Final = (
    "Errors are told in units of what changes from one week to the next: below 1 is better than "
    "saying last week again. Pinball is the mean loss of the quantiles 0.1, 0.5, 0.9 and 0.95. "
    "Each origin's quantiles were measured on origins before it only."
)


def write_markdown(
    found: Forecast, history: History, title: str, stem: str
) -> tuple[str, dict[str, bytes]]:
    """Write Markdown and the charts it shows, by the names it shows them under."""
    charts = {
        f"{stem}-calibration.png": draw_calibration(found),
        f"{stem}-network.png": draw_network(found, history),
    }
    blocks = [f"# Forecast of {title}", *_paragraphs(found)]
    for heading, rows in _tables(found):
        lines = [f"## {heading}", ""]
        lines.append("| " + " | ".join(rows[0]) + " |")
        lines.append("|" + "---|" * len(rows[0]))
        lines += ["| " + " | ".join(row) + " |" for row in rows[1:]]
        blocks.append("\n".join(lines))
    blocks += [f"![{name}]({name})" for name in charts]
    return "\n\n".join(blocks) + "\n", charts


def write_html(found: Forecast, history: History, title: str) -> str:
    """Write one page that opens offline, charts inside."""
    parts = [f"<h1>Forecast of {escape(title)}</h1>"]
    parts += [f"<p>{escape(text)}</p>" for text in _paragraphs(found)]
    charts = (
        ("how often each quantile was kept", draw_calibration(found)),
        ("what came and what is to come in the whole network", draw_network(found, history)),
    )
    for words, png in charts:
        data = b64encode(png).decode()
        parts.append(f'<img alt="Chart: {words}" src="data:image/png;base64,{data}">')
    for heading, rows in _tables(found):
        parts.append(f"<h2>{escape(heading)}</h2>")
        head = "".join(f'<th scope="col">{escape(word)}</th>' for word in rows[0])
        body = "".join(
            "<tr>" + "".join(f"<td>{escape(word)}</td>" for word in row) + "</tr>"
            for row in rows[1:]
        )
        parts.append(f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>")
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>Forecast of {escape(title)}</title><style>"
        f"body{{font:16px/1.5 sans-serif;color:{INK};max-width:60rem;margin:2rem auto;"
        "padding:0 1rem}"
        "table{border-collapse:collapse}td,th{padding:.25rem .75rem;text-align:right;"
        "border-bottom:1px solid #ddd}td:first-child,th:first-child{text-align:left}"
        "img{max-width:100%}</style></head><body>" + "\n".join(parts) + "</body></html>\n"
    )


def draw_calibration(found: Forecast) -> bytes:
    """Draw how often each quantile was kept, as PNG."""
    figure, axes = _figure()
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=1, label="as it should be")
    for level, scores in found.backtest.by_level.items():
        said = [float(one) for one in scores.coverage]
        axes.plot(said, list(scores.coverage.values()), marker="o", markersize=4, label=level)
    axes.set_xlabel("quantile")
    axes.set_ylabel("share of days at or below it")
    axes.set_title("Calibration on days that were not known")
    axes.legend()
    return _png(figure)


def draw_network(found: Forecast, history: History) -> bytes:
    """Draw the network's days, known and to come, as PNG."""
    import numpy as np  # noqa: PLC0415 - with the drawing.

    figure, axes = _figure()
    total = np.nansum(history.values, axis=0)[-SHOWN_DAYS:]
    past = [history.last - timedelta(len(total) - 1 - i) for i in range(len(total))]
    axes.plot(past, total, color=INK, linewidth=1, label="came")
    ahead = [found.first + timedelta(i) for i in range(found.days)]
    line = _network(found)
    low, high = found.levels.index(0.05), found.levels.index(0.95)
    axes.fill_between(
        ahead, line.quantiles[low], line.quantiles[high], color=BLUE, alpha=0.2,
        label="9 of 10 days",
    )  # fmt: skip
    axes.plot(ahead, line.mean, color=BLUE, label="expected")
    axes.set_ylim(bottom=0)
    axes.set_title("Parcels a day, all sites")
    axes.legend()
    figure.autofmt_xdate()
    return _png(figure)


def _network(found: Forecast) -> Line:
    return next(line for line in found.lines if line.level == "network")


def _paragraphs(found: Forecast) -> list[str]:
    test = found.backtest
    told = [
        f"{found.days} days from {found.first}, model: {found.model}, seed {found.seed}.",
        f"Measured on {test.scored_origins} origins of {test.days_each} days that were not known. "
        + _SENTENCES,
    ]
    if not found.asked_share:
        told.append(
            "The history tells what came, not what was asked for: where lockers were full, demand "
            "is higher than this."
        )
    if found.new_sites:
        told.append("New, borrowed from their like: " + ", ".join(found.new_sites) + ".")
    return [*told, *found.says]


def _tables(found: Forecast) -> list[tuple[str, list[list[str]]]]:
    head = ["", "MASE", "pinball", *(f"q{level:g}" for level in found.levels), "bias"]

    def rows(scores: Any) -> list[list[str]]:
        return [head] + [
            [
                name, f"{one.mase:.3f}", f"{one.pinball:.3f}",
                *(f"{share:.1%}" for share in one.coverage.values()), f"{one.bias:+.1%}",
            ]
            for name, one in scores.items()
        ]  # fmt: skip

    line = _network(found)
    ahead = [["day", "expected", *(f"q{level:g}" for level in found.levels)]]
    for i in range(found.days):
        quantiles = [f"{one[i]:.0f}" for one in line.quantiles]
        ahead.append([str(found.first + timedelta(i)), f"{line.mean[i]:.1f}", *quantiles])
    return [
        ("How wrong it was, by what is forecast", rows(found.backtest.by_level)),
        ("How wrong each model was, for single series", rows(found.backtest.by_model)),
        ("The whole network", ahead),
    ]


def _figure() -> tuple[Any, Any]:
    from matplotlib.figure import Figure  # noqa: PLC0415 - heavy, and not for every forecast.

    figure = Figure(figsize=(7.5, 4.5), layout="constrained")
    return figure, figure.subplots()


def _png(figure: Any) -> bytes:
    out = io.BytesIO()
    # Without its version, the same forecast makes the same file.
    figure.savefig(out, format="png", dpi=120, metadata={"Software": None})
    return out.getvalue()
