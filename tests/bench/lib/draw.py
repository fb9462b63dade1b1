# SPDX-License-Identifier: GPL-3.0-or-later
"""Screens like people's, drawn with a seed: for machines that have no recordings. The kinds and sizes are those of the
recorded ones; the pictures are made up (clouds of noise, text of random words), so figures differ from those of recordings."""

import os
import pathlib
import random
import subprocess

import numpy
from PIL import Image, ImageDraw, ImageFont

WIDTH, HEIGHT = 1920, 1080
FONTS = pathlib.Path("/usr/share/fonts/truetype/dejavu")


def cache_folder():
    base = os.environ.get("ORIEL_CACHE") or pathlib.Path.home() / ".cache/oriel"
    return pathlib.Path(base) / "bench-workloads-1"


def font(size, mono=True):
    path = FONTS / ("DejaVuSansMono.ttf" if mono else "DejaVuSans.ttf")
    return ImageFont.truetype(str(path), size) if path.exists() else ImageFont.load_default()


def photo(seed, width=WIDTH, height=HEIGHT):
    """Smooth clouds, edges and grain, with about the detail of a photograph."""
    rng = numpy.random.default_rng(seed)
    picture = numpy.zeros((height, width, 3), numpy.float32)
    for cells, weight in ((4, 90), (12, 50), (40, 26), (140, 14), (500, 7)):
        noise = rng.integers(0, 255, (max(2, cells * height // width), cells, 3), numpy.uint8)
        layer = Image.fromarray(noise).resize((width, height), Image.BICUBIC)
        picture += (numpy.asarray(layer, numpy.float32) - 128) * (weight / 128)
    ridge = numpy.asarray(Image.fromarray(rng.integers(0, 255, (1, 60), numpy.uint8)).resize((width, 1), Image.BICUBIC))
    below = numpy.arange(height)[:, None] > height * 0.55 + ridge[0].astype(numpy.float32)[None, :] / 2
    picture[below] *= 0.6
    picture += 128 + rng.normal(0, 2, (height, width, 1)).astype(numpy.float32)
    return Image.fromarray(numpy.clip(picture, 0, 255).astype(numpy.uint8))


def words(rng, n):
    letters = "etaoinshrdlucmfwypvbgkqjxz"
    return ["".join(rng.choices(letters, range(26, 0, -1), k=rng.randint(1, 10))) for _ in range(n)]


def line(rng, columns):
    text = " " * (4 * rng.randint(0, 3)) + " ".join(words(rng, 18))
    return text[:rng.randint(columns // 4, columns)]


def terminal(rng, width, height, lines=None):
    """A terminal's picture, and its line height."""
    face, step = font(15), 19
    image = Image.new("RGB", (width, height), (16, 20, 24))
    draw = ImageDraw.Draw(image)
    for row in range(height // step):
        text = lines[row] if lines else line(rng, width // 9)
        draw.text((6, row * step), text, (208, 212, 200) if row % 5 else (120, 190, 120), face)
    return image


def page(rng, width, height):
    """A long document: headings, paragraphs, photographs."""
    image = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(image)
    y = 30
    while y < height - 60:
        draw.text((60, y), " ".join(words(rng, 5)).title(), (20, 30, 90), font(30, False))
        y += 60
        for _ in range(rng.randint(8, 16)):
            draw.text((60, y), " ".join(words(rng, 30))[:width // 9], (30, 30, 30), font(17, False))
            y += 25
        if rng.random() < 0.4 and y + 420 < height:
            image.paste(photo(rng.randrange(1 << 30), 640, 400), (90 + rng.randint(0, 200), y + 10))
            y += 430
        y += 20
    return image


def scroll(rng):
    lines = [line(rng, 200) for _ in range(400)]
    rows = HEIGHT // 19
    for i in range(60):
        yield terminal(rng, WIDTH, HEIGHT, lines[3 * i:3 * i + rows])


def doc(rng):
    desktop, long_page = photo(1), page(rng, 1400, 900 + 37 * 60)
    for i in range(60):
        desktop.paste(long_page.crop((0, 37 * i, 1400, 37 * i + 900)), (260, 90))
        yield desktop


def drag(rng):
    desktop, window = photo(2), terminal(rng, 900, 560)
    for i in range(60):
        frame = desktop.copy()
        frame.paste(window, (40 + 14 * i, 30 + 5 * i))
        yield frame


def switch(rng):
    screens = [photo(3), terminal(rng, WIDTH, HEIGHT), page(rng, WIDTH, HEIGHT), photo(4)]
    screens[3].paste(terminal(rng, 800, 500), (500, 300))
    for i in range(12):
        yield screens[i % 4]


def photos(_rng):
    for i in range(6):
        yield photo(10 + i)


def video(_rng):
    desktop, scene = photo(5), numpy.asarray(photo(6, 1600, 900), numpy.float32)
    grain = numpy.random.default_rng(7)
    for i in range(16):
        view = scene[3 * i:3 * i + 720, 6 * i:6 * i + 1280] + grain.normal(0, 4, (720, 1280, 1))
        desktop.paste(Image.fromarray(numpy.clip(view, 0, 255).astype(numpy.uint8)), (320, 180))
        yield desktop


def typing(rng, blink_only=False):
    desktop = photo(8)
    desktop.paste(terminal(rng, 820, 520), (300, 200))
    draw, face = ImageDraw.Draw(desktop), font(15)
    draw.rectangle((300, 700, 1119, 719), (16, 20, 24))
    for i in range(60):
        if not blink_only:
            draw.text((306 + 9 * i, 701), rng.choice("etaoinshrdlu"), (208, 212, 200), face)
        on = i // 15 % 2 == 0 if blink_only else True
        x = 306 + 9 * (0 if blink_only else i + 1)
        draw.rectangle((x, 702, x + 7, 717), (208, 212, 200) if on else (16, 20, 24))
        yield desktop
        if not blink_only:
            draw.rectangle((x, 702, x + 7, 717), (16, 20, 24))


KINDS = {"scroll": scroll, "doc": doc, "drag": drag, "switch": switch, "photo": photos, "video": video, "type": typing,
         "idle": lambda rng: typing(rng, True)}


def bgrx(image):
    pixels = numpy.zeros((image.height, image.width, 4), numpy.uint8)
    pixels[:, :, :3] = numpy.asarray(image)[:, :, ::-1]
    return pixels.tobytes()


def draw_one(name, path):
    """zstd keeps what repeats from frame to frame small."""
    temporary = path.with_suffix(".new")
    with subprocess.Popen(["zstd", "-q", "-3", "--long=27", "-f", "-o", str(temporary)], stdin=subprocess.PIPE) as zstd:
        for image in KINDS[name](random.Random(name)):
            zstd.stdin.write(bgrx(image))
        zstd.stdin.close()
        if zstd.wait() != 0:
            raise OSError(f"zstd could not write {temporary}")
    temporary.rename(path)


def all_workloads(names=()):
    """Their paths; what is not in the cache is drawn."""
    folder = cache_folder()
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name in KINDS:
        path = folder / f"{name}.raw.zst"
        if not names or name in names:
            if not path.exists():
                draw_one(name, path)
            paths.append(path)
    return paths
