# SPDX-License-Identifier: GPL-3.0-or-later
"""A small recorded screen, made for a test: text that scrolls, a photograph, a video, a window that moves."""

import numpy
from PIL import Image, ImageDraw

WIDTH, HEIGHT = 640, 400
VIDEO = (288, 144, 320, 240)  # x, y, width, height


def photograph(width, height, random):
    """Smooth colours and some grain."""
    coarse = Image.fromarray(random.integers(0, 255, (height // 40 + 2, width // 40 + 2, 3), dtype=numpy.uint8))
    smooth = numpy.asarray(coarse.resize((width, height), Image.BICUBIC)).astype(numpy.int16)
    return (smooth + random.integers(-6, 7, smooth.shape)).clip(0, 255).astype(numpy.uint8)


def page(width, height, random):
    """Lines of text on paper."""
    image = Image.new("RGB", (width, height), (250, 250, 245))
    draw = ImageDraw.Draw(image)
    for y in range(4, height - 12, 14):
        draw.text((6, y), "".join(chr(random.integers(33, 126)) for _ in range(width // 7)), fill=(20, 20, 40))
    return numpy.asarray(image)


def frames(seed=1):
    """The pictures, one after the other: arrays of HEIGHT x WIDTH x 3."""
    random = numpy.random.default_rng(seed)
    text, picture = page(256, 900, random), photograph(VIDEO[2] + 80, VIDEO[3], random)
    screen = numpy.empty((HEIGHT, WIDTH, 3), dtype=numpy.uint8)
    screen[:] = (60, 90, 120)
    screen[16:128, 288:608] = photograph(320, 112, random)
    screen[0, :8] = random.integers(0, 255, (8, 3))  # finds the picture among others
    x, y, width, height = VIDEO
    for i in range(30):  # the first ones stand still: whoever starts late sees the rest
        top = max(0, i - 20) * 28
        screen[16:384, 16:272] = text[top:top + 368]
        yield screen.copy()
    for i in range(25):
        screen[y:y + height, x:x + width] = picture[:, i * 2:i * 2 + width]
        yield screen.copy()
    window = numpy.full((96, 128, 3), (200, 60, 60), dtype=numpy.uint8)
    window[8:-8, 8:-8] = page(112, 80, random)
    for i in range(6):
        moved = screen.copy()
        moved[40 + i * 12:136 + i * 12, 60 + i * 20:188 + i * 20] = window
        yield moved


def write(path):
    """Writes the recording as oriel-display replays it; returns the last picture."""
    with open(path, "wb") as file:
        for picture in frames():
            pixels = numpy.zeros((HEIGHT, WIDTH, 4), dtype=numpy.uint8)
            pixels[:, :, :3] = picture[:, :, ::-1]
            file.write(pixels.tobytes())
    return picture


def where(seen, wanted):
    """Where the one picture (an array) shows the other without a wrong pixel: (x, y), or None."""
    height, width = wanted.shape[:2]
    inside = seen[:seen.shape[0] - height + 1, :seen.shape[1] - width + 1]
    if inside.size == 0:
        return None
    for y, x in numpy.argwhere((inside == wanted[0, 0]).all(axis=2)):
        part = seen[y:y + height, x:x + width]
        if (part[0] == wanted[0]).all() and (part == wanted).all():
            return int(x), int(y)
    return None
