"""The comparison as a picture: for each layer how many times as long as rnncc each peer takes, and
how near to the bound each side comes."""
import math
from xml.sax.saxutils import escape

import report
from sides import NAMES

# Distinct for readers who see few colours, too: Okabe and Ito's.
COLOURS = {"rnncc": "#000000", "halide": "#999999", "onednn": "#0072b2", "onnxruntime": "#e69f00",
           "pytorch": "#d55e00", "pytorch-compile": "#cc79a7", "jax": "#009e73", "keras": "#56b4e9"}
ROW, NAMES_WIDTH, PANEL, GAP, TOP = 18, 190, 330, 40, 62


class Drawing:
    """Shapes, and the SVG that they make."""

    def __init__(self):
        self.parts = []

    def text(self, x, y, words, anchor="start", size=12, weight="normal"):
        self.parts.append(f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" font-weight="{weight}" '
                          f'text-anchor="{anchor}">{escape(words)}</text>')

    def line(self, x1, y1, x2, y2, colour="#ddd", width=1):
        self.parts.append(f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" '
                          f'stroke="{colour}" stroke-width="{width}"/>')

    def dot(self, x, y, colour, words):
        self.parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4.5" fill="{colour}" '
                          f'fill-opacity="0.85"><title>{escape(words)}</title></circle>')

    def bar(self, x, y, width, height, colour, words):
        self.parts.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 0):.1f}" '
                          f'height="{height:.1f}" fill="{colour}"><title>{escape(words)}</title></rect>')

    def svg(self, width, height):
        return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
                f'viewBox="0 0 {width} {height}" font-family="sans-serif">\n'
                f'<rect width="{width}" height="{height}" fill="white"/>\n'
                + "\n".join(self.parts) + "\n</svg>\n")


def ratios(row):
    """Times of the peers over that of rnncc."""
    own = row.best_of.get("rnncc")
    return {side: t.median / own.median for side, t in row.best_of.items()
            if own and side != "rnncc"}


def log_scale(values, left, width):
    """Ticks, and where a value stands between powers of two around all of them and 1."""
    low = math.floor(math.log2(min([1, *values])))
    high = max(math.ceil(math.log2(max([1, *values]))), low + 1)
    ticks = [2.0 ** power for power in range(low, high + 1)]
    return ticks, lambda value: left + width * (math.log2(value) - low) / (high - low)


def draw_block(drawing, top, title, rows):
    """The layers of one phase and number of threads; returns the height."""
    height = ROW * len(rows)
    left, right = NAMES_WIDTH, NAMES_WIDTH + PANEL + GAP
    drawing.text(10, top + 14, title, size=14, weight="bold")
    drawing.text(left, top + 32, "time / time of rnncc")
    drawing.text(right, top + 32, "share of the bound; the bar is rnncc")
    body = top + TOP
    ticks, place = log_scale([v for row in rows for v in ratios(row).values()], left, PANEL)
    for tick in ticks:
        drawing.line(place(tick), body, place(tick), body + height, "#888" if tick == 1 else "#ddd")
        drawing.text(place(tick), body - 6, f"{tick:g}", "middle", 11)
    for percent in range(0, 101, 20):
        x = right + PANEL * percent / 100
        drawing.line(x, body, x, body + height)
        drawing.text(x, body - 6, f"{percent} %", "middle", 11)
    for index, row in enumerate(rows):
        y = body + ROW * (index + 0.5)
        drawing.text(left - 12, y + 4, row.layer.text(), "end")
        drawing.line(left, y, left + PANEL, y, "#eee")
        for side, ratio in ratios(row).items():
            drawing.dot(place(ratio), y, COLOURS[side], f"{NAMES[side]}: {ratio:.2f}")
        # The bar first, so that the dots lie on it.
        for side in sorted(row.best_of, key=lambda side: side != "rnncc"):
            words = f"{NAMES[side]}: {row.of_bound(side):.0%} of the bound"
            length = PANEL * min(row.of_bound(side), 1)
            if side == "rnncc":
                drawing.bar(right, y - 5, length, 10, "#bbb", words)
            else:
                drawing.dot(right + length, y, COLOURS[side], words)
    return TOP + height + 24


def write_svg(path, rows, title, versions):
    """One block for each number of threads and phase."""
    drawing = Drawing()
    drawing.text(10, 20, title, size=12)
    x = 10
    for side in (side for side in NAMES if any(side in row.best_of for row in rows)):
        words = f"{NAMES[side]} {versions.get(side, '')}".strip()
        if side == "rnncc":
            drawing.bar(x, 32, 10, 10, "#bbb", words)
        else:
            drawing.dot(x + 5, 37, COLOURS[side], words)
        drawing.text(x + 15, 41, words, size=11)
        x += 35 + 6.2 * len(words)
    top = 60
    for threads, phase in dict.fromkeys((row.threads, row.phase) for row in rows):
        some = [row for row in rows if (row.threads, row.phase) == (threads, phase)]
        name = f"{phase}, {report.threads_text(threads)}"
        top += draw_block(drawing, top, name, some)
    with open(path, "w", encoding="utf-8") as file:
        file.write(drawing.svg(int(max(NAMES_WIDTH + 2 * PANEL + GAP + 30, x)), top))
