"""Shares, calibration and its picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

BINS = 10
_SIDE = 300
_EDGE = 40


@dataclass(frozen=True, slots=True)
class Bin:
    """Guesses of about the same confidence: how many, how sure on average, how many of them right."""

    count: int
    sure: float
    right: float


def share(hits: Sequence[bool]) -> float:
    """The share of hits, 0 to 1."""
    return sum(hits) / len(hits) if hits else 0.0


def bins(confidences: Sequence[float], right: Sequence[bool]) -> list[Bin]:
    """Ten bins of equal width; empty ones are left out."""
    found = []
    for low in range(BINS):
        inside = [i for i, sure in enumerate(confidences) if min(int(sure * BINS), BINS - 1) == low]
        if inside:
            count = len(inside)
            found.append(Bin(count, sum(confidences[i] for i in inside) / count, sum(right[i] for i in inside) / count))
    return found


def calibration_error(found: Sequence[Bin]) -> float:
    """Expected calibration error: how far confidence and truth are apart on average, 0 is perfect."""
    total = sum(one.count for one in found)
    return sum(one.count * abs(one.sure - one.right) for one in found) / total if total else 0.0


def reliability_plot(curves: Sequence[tuple[str, str, Sequence[Bin]]]) -> str:
    """An SVG: confidence to the right, share of right guesses upwards, one line for each (name, colour, bins)."""
    width, height = _SIDE + 2 * _EDGE + 150, _SIDE + 2 * _EDGE

    def x(value: float) -> str:
        return f"{_EDGE + value * _SIDE:.1f}"

    def y(value: float) -> str:
        return f"{_EDGE + (1 - value) * _SIDE:.1f}"

    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" '
        'font-size="12" role="img" aria-label="How often guesses of a confidence are right">',
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
        f'<path d="M{x(0)} {y(1)}V{y(0)}H{x(1)}" fill="none" stroke="#333"/>',
        f'<path d="M{x(0)} {y(0)}L{x(1)} {y(1)}" stroke="#999" stroke-dasharray="4 4"/>',
    ]
    for step in (0, 0.25, 0.5, 0.75, 1):
        lines.append(f'<text x="{x(step)}" y="{height - 22}" text-anchor="middle">{step:.0%}</text>')
        lines.append(f'<text x="{_EDGE - 6}" y="{y(step)}" text-anchor="end" dy="4">{step:.0%}</text>')
    lines.append(f'<text x="{x(0.5)}" y="{height - 6}" text-anchor="middle">confidence</text>')
    lines.append(f'<text x="{_EDGE}" y="20">right</text>')
    for place, (name, colour, found) in enumerate(curves):
        points = " ".join(f"{x(one.sure)},{y(one.right)}" for one in found)
        lines.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
        lines += [f'<circle cx="{x(one.sure)}" cy="{y(one.right)}" r="3" fill="{colour}"/>' for one in found]
        top = _EDGE + 20 + 20 * place
        lines.append(f'<circle cx="{_EDGE + _SIDE + 20}" cy="{top}" r="4" fill="{colour}"/>')
        lines.append(f'<text x="{_EDGE + _SIDE + 30}" y="{top + 4}">{name}</text>')
    return "\n".join([*lines, "</svg>"]) + "\n"
