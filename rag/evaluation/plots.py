"""The report's drawings: inline SVG by matplotlib, in the page's own colours."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape

from rag.evaluation.run import Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Types = Sequence[tuple[str, int, Mapping[str, Mapping[str, float]]]]
"""Type of question, how many, and the figures of its measures."""

# Colours that stand for the page's own, so that one drawing serves light and dark.
_INK, _SOFT, _RULE, _ACCENT, _SECOND = (f"#{n:02x}{n:02x}{n:02x}" for n in range(1, 6))
_VARIABLES = {
    _INK: "var(--ink)",
    _SOFT: "var(--soft)",
    _RULE: "var(--rule)",
    _ACCENT: "var(--accent)",
    _SECOND: "var(--second)",
}
_STYLE: dict[str, Any] = {
    "svg.fonttype": "none",
    "text.parse_math": False,
    "font.size": 9.5,
    "text.color": _INK,
    "axes.edgecolor": _RULE,
    "axes.labelcolor": _SOFT,
    "axes.labelsize": 9.5,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.facecolor": "none",
    "figure.facecolor": "none",
    "savefig.facecolor": "none",
    "grid.color": _RULE,
    "grid.linewidth": 0.6,
    "lines.linewidth": 1.8,
    "xtick.color": _RULE,
    "ytick.color": _RULE,
    "xtick.labelcolor": _SOFT,
    "ytick.labelcolor": _SOFT,
    "ytick.major.size": 0,
}


def plots(run: Run, types: Types) -> list[dict[str, str]]:
    """Title, caption and drawing of each; one without data is left out."""
    drawn: list[tuple[str, str, Callable[[Figure], None] | None]] = [
        ("Right, by type of question", *_by_type_plot(types)),
        ("Is the sentence score honest?", *_calibration_plot(run.scores.get("calibration", []))),
        ("How deep the evidence lies", *_depth_plot(run)),
        ("Seconds to an answer", *_latency_plot(run)),
    ]
    if not any(draw for _, _, draw in drawn):
        return []
    with _style():
        return [
            {"title": title, "caption": caption, "svg": _svg(draw, name=f"plot{number}", title=title)}
            for number, (title, caption, draw) in enumerate(drawn)
            if draw is not None
        ]


def _style() -> AbstractContextManager[None]:
    import matplotlib.style

    return matplotlib.style.context(["default", _STYLE])


def _svg(draw: Callable[[Figure], None], *, name: str, title: str) -> Markup:
    """The drawing as inline SVG without any address: no document type, metadata or namespaces; own ids."""
    import io

    import matplotlib
    from matplotlib.figure import Figure

    matplotlib.rcParams["svg.hashsalt"] = name
    figure = Figure(figsize=(5.2, 3.3), layout="constrained")
    draw(figure)
    kept = io.StringIO()
    figure.savefig(kept, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    text = kept.getvalue()
    text = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->", "", text[text.index("<svg") :], flags=re.DOTALL)
    text = re.sub(r' xmlns(:\w+)?="[^"]*"', "", text)
    for colour, variable in _VARIABLES.items():
        text = text.replace(colour, variable)
    used = set(re.findall(r'(?:href="|url\()#([\w-]+)', text))
    text = re.sub(
        r' id="([^"]*)"', lambda found: f' id="{name}-{found[1]}"' if found[1] in used else "", text
    )
    text = re.sub(r'(href="|url\()#', rf"\1#{name}-", text)
    text = re.sub(
        r"<svg [^>]*?(viewBox=\"[^\"]*\")[^>]*>", r'<svg \1 role="img" aria-label="@">', text, count=1
    )
    return Markup(text.replace('"@"', f'"{escape(title)}"', 1))  # drawn by us; matplotlib escapes its labels


def _by_type_plot(
    types: Sequence[tuple[str, int, Mapping[str, Mapping[str, float]]]],
) -> tuple[str, Callable[[Figure], None] | None]:
    rows = [
        (name, measure, of[measure])
        for name, _, of in types
        for measure in ("correct", "abstained")
        if measure in of
    ][::-1]

    def draw(figure: Figure) -> None:
        axes = _unit_axes(figure.subplots(), along="x")
        for place, (_, measure, of) in enumerate(rows):
            colour = _ACCENT if measure == "correct" else _SECOND
            axes.plot([of["low"], of["high"]], [place, place], color=colour, linewidth=2.2)
            axes.plot(of["mean"], place, "o" if measure == "correct" else "s", color=colour, markersize=6.5)
            axes.text(1.03, place, f"{of['count']:g}", va="center", color=_SOFT, clip_on=False)
        axes.set_yticks(range(len(rows)), [name.replace("_", " ") for name, _, _ in rows])
        axes.set_ylim(-0.6, len(rows) - 0.4)
        axes.grid(axis="y", visible=False)
        axes.spines["left"].set_visible(False)

    caption = "Share that is right with its 95% interval, and the number of questions."
    if any(measure == "abstained" for _, measure, _ in rows):
        caption += " Square: there is no answer, and an abstention is right."
    return caption, draw if rows else None


def _calibration_plot(
    bins: Sequence[Mapping[str, float]],
) -> tuple[str, Callable[[Figure], None] | None]:
    total = sum(item["count"] for item in bins)
    off = sum(item["count"] * abs(item["said"] - item["true"]) for item in bins) / total if total else 0.0

    def draw(figure: Figure) -> None:
        said, true = [item["said"] for item in bins], [item["true"] for item in bins]
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
        axes = _unit_axes(_unit_axes(upper, along="x"), along="y")
        axes.plot([0, 1], [0, 1], "--", color=_SOFT, linewidth=1)
        axes.plot(said, true, "o-", color=_ACCENT, markersize=6)
        axes.set_ylabel("share that is gold")
        axes.tick_params(labelbottom=False)
        lower.bar(said, [item["count"] for item in bins], width=0.05, color=_RULE)
        for item in bins:
            lower.annotate(
                f"{item['count']:g}",
                (item["said"], item["count"]),
                xytext=(0, 2),
                textcoords="offset points",
                ha="center",
                color=_SOFT,
                fontsize=8,
            )
        lower.set_ylim(0, max(item["count"] for item in bins) * 1.6)
        lower.set_yticks([])
        lower.set_xlabel("score of the sentence")
        lower.grid(visible=False)
        lower.spines["left"].set_visible(False)

    caption = (
        f"On the dashed line a score of 0.7 is gold seven times in ten. Mean distance from it: {off:.2f} "
        f"(expected calibration error). Below: how many of {total:g} ranked sentences."
    )
    return caption, draw if bins else None


def _depth_plot(run: Run) -> tuple[str, Callable[[Figure], None] | None]:
    depth = run.scores.get("depth", {})
    asked = any(line["gold"]["evidence"] for line in run.lines)
    lines = [
        (unit, depth[unit], colour, mark)
        for unit, colour, mark in (("passage", _ACCENT, "o"), ("sentence", _SECOND, "s"))
        if depth.get(unit)
    ]

    def draw(figure: Figure) -> None:
        axes = _unit_axes(figure.subplots(), along="y")
        for unit, reached, colour, mark in lines:
            ranks = range(1, len(reached) + 1)
            axes.plot(ranks, reached, f"{mark}-", color=colour, markersize=4.5, label=f"{unit}s")
        axes.set_xticks([1, 5, 10, 15, 20])
        axes.set_xlabel("k")
        axes.set_ylabel("Success@k")
        axes.legend(frameon=False, loc="lower right")

    told = "; ".join(
        f"{unit}s " + ", ".join(f"{reached[k - 1]:.2f}" for k in (1, 5, 10, 20) if k <= len(reached))
        for unit, reached, _, _ in lines
    )
    caption = f"Questions with gold evidence among the first k. At 1, 5, 10 and 20: {told}."
    return caption, draw if lines and asked else None


def _latency_plot(run: Run) -> tuple[str, Callable[[Figure], None] | None]:
    times = {
        name: sorted(line["seconds"][name] for line in run.lines if "seconds" in line)
        for name in ("first_text", "total")
    }

    def draw(figure: Figure) -> None:
        from matplotlib.ticker import NullFormatter, StrMethodFormatter

        axes = _unit_axes(figure.subplots(), along="y")
        for name, colour, line in (("total", _ACCENT, "-"), ("first_text", _SECOND, "--")):
            axes.ecdf(times[name], linestyle=line, color=colour, label=name.replace("_", " "))
        whole = times["total"]
        if times["first_text"][0] > 0 and whole[-1] > 10 * whole[len(whole) // 2]:
            axes.set_xscale("log")
            axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
            axes.xaxis.set_minor_formatter(NullFormatter())
        else:
            axes.set_xlim(left=0)
        axes.set_xlabel("seconds")
        axes.set_ylabel("share of questions")
        axes.legend(frameon=False, loc="lower right")

    return "Share of questions that are answered within so many seconds.", draw if times["total"] else None


def _unit_axes(axes: Axes, *, along: str) -> Axes:
    """The axes with one side from 0 to 1."""
    ticks = [0, 0.25, 0.5, 0.75, 1]
    names = ["0", "0.25", "0.5", "0.75", "1"]
    if along == "x":
        axes.set_xlim(-0.02, 1.02)
        axes.set_xticks(ticks, names)
    else:
        axes.set_ylim(-0.02, 1.04)
        axes.set_yticks(ticks, names)
    return axes
