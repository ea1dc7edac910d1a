"""A terminal's text as an SVG picture, for the README: what was really printed, drawn character by character.

    picture.py TITLE < text > picture.svg
"""

import sys
import unicodedata
from xml.sax.saxutils import escape

CELL, LINE, MARGIN, BAR = 8.4, 19, 14, 30
COLOURS = {"30": "#6e7681", "31": "#ff7b72", "32": "#7ee787", "33": "#f2cc60", "34": "#79c0ff", "35": "#d2a8ff", "36": "#56d4dd",
           "1": "#ffffff", "2": "#8b949e", "0": "#c9d1d9", "": "#c9d1d9"}


def width(text):
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def pieces(line):
    """(colour, text) of a line with terminal colours."""
    colour = COLOURS["0"]
    for at, part in enumerate(line.split("\x1b[")):
        if at:
            code, _, part = part.partition("m")
            colour = COLOURS.get(code, colour)
        if part:
            yield colour, part


def runs(text):
    """Splits where the width of characters changes, so that each run can be placed on the grid."""
    start = 0
    for at in range(1, len(text) + 1):
        if at == len(text) or (width(text[at]) != width(text[start])):
            yield text[start:at]
            start = at


def draw(title, lines):
    columns = max([width("".join(t for _, t in pieces(line))) for line in lines] + [60])
    wide, high = int(columns * CELL + 2 * MARGIN), int(len(lines) * LINE + BAR + 2 * MARGIN)
    yield (f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide}" height="{high}" viewBox="0 0 {wide} {high}" '
           f'font-family="DejaVu Sans Mono, Noto Sans Mono CJK SC, Menlo, Consolas, monospace" font-size="14">')
    yield f'<rect width="{wide}" height="{high}" rx="8" fill="#0d1117"/>'
    yield "".join(f'<circle cx="{18 + 18 * n}" cy="15" r="5" fill="{c}"/>' for n, c in enumerate(("#ff5f56", "#ffbd2e", "#27c93f")))
    yield f'<text x="{wide / 2}" y="20" text-anchor="middle" fill="#8b949e">{escape(title)}</text>'
    for row, line in enumerate(lines):
        column, y = 0, BAR + MARGIN + (row + 0.75) * LINE
        for colour, text in pieces(line):
            for run in runs(text):
                if run.strip():
                    yield (f'<text x="{MARGIN + column * CELL:.1f}" y="{y:.1f}" fill="{colour}" '
                           f'textLength="{width(run) * CELL:.1f}" xml:space="preserve">{escape(run)}</text>')
                column += width(run)
    yield "</svg>"


def main():
    lines = sys.stdin.read().rstrip("\n").split("\n")
    print("\n".join(draw(sys.argv[1] if len(sys.argv) > 1 else "guanjia", lines)))


if __name__ == "__main__":
    main()
