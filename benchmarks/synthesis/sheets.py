"""Contact sheets of what was synthesised: a row a depth, so that edges, textures and parts can be seen by eye."""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageDraw

from .questions import DEPTHS
from .report import Answers

TILE, GAP, LINE = 152, 8, 14
COLUMNS = 6


def contact_sheet(answers: Answers, pictures: Path, network: str) -> Image.Image:
    """The first channels of each depth in the order of the questions, with name and activation ÷ natural maximum."""
    rows = [
        [r for r in answers.rows.values() if r["network"] == network and r["depth"] == depth][:COLUMNS]
        for depth in DEPTHS
    ]
    height = TILE + 2 * LINE + GAP
    sheet = Image.new("RGB", (COLUMNS * (TILE + GAP) + GAP, len(rows) * (height + LINE) + GAP), "white")
    draw = ImageDraw.Draw(sheet)
    for i, (depth, row) in enumerate(zip(DEPTHS, rows, strict=True)):
        top = GAP + i * (height + LINE)
        draw.text((GAP, top), depth, fill="black")
        for k, answer in enumerate(row):
            left = GAP + k * (TILE + GAP)
            sheet.paste(_tile(file_of(pictures, answer["key"], answer["steps"])), (left, top + LINE))
            name = f"{answer['layer']}:{answer['channel']}"
            draw.text((left, top + LINE + TILE), name if len(name) < 26 else f"..{name[-24:]}", fill="black")
            draw.text((left, top + 2 * LINE + TILE), f"{answers.last(answer['key']):.2f} x natural", fill="black")
    return sheet


def write(answers: Answers, pictures: Path, network: str, folder: Path) -> Path:
    """As WebP beside the page that shows it."""
    path = folder / f"synthesis-{network}.webp"
    contact_sheet(answers, pictures, network).save(path, quality=82, method=6)
    return path


def file_of(pictures: Path, key: str, step: int) -> Path:
    """Where a party's picture for a question lies."""
    return pictures / f"{key.replace('/', '_')}_{step}.png"


def _tile(path: Path) -> Image.Image:
    with Image.open(path) as picture:
        return picture.convert("RGB").resize((TILE, TILE), Image.Resampling.LANCZOS)
