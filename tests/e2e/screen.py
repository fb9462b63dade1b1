# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person would say about a picture of a screen."""

import subprocess
import tempfile

from PIL import Image, ImageChops


def colours(image):
    """How many different colours there are (at most 65536 are counted)."""
    found = image.convert("RGB").getcolors(65536)
    return len(found) if found else 65536


def is_desktop(image):
    """A graphical desktop: neither blank nor a console (few colours, most of it black)."""
    image = image.convert("RGB")
    dark = sum(image.convert("L").histogram()[:24]) / (image.width * image.height)
    return image.width >= 640 and colours(image) > 200 and dark < 0.6


def differing(a, b, tolerance=0):
    """The share of pixels, 0 to 1, in which two pictures of the same size differ by more than tolerance in some channel."""
    assert a.size == b.size, f"the pictures have different sizes: {a.size} and {b.size}"
    difference = ImageChops.difference(a.convert("RGB"), b.convert("RGB"))
    channels = [band.point(lambda value: 255 if value > tolerance else 0) for band in difference.split()]
    worst = ImageChops.lighter(ImageChops.lighter(channels[0], channels[1]), channels[2])
    return sum(worst.histogram()[255:]) / (a.width * a.height)


def changed_box(a, b):
    """The box around everything that differs, or None."""
    return ImageChops.difference(a.convert("RGB"), b.convert("RGB")).getbbox()


def text(image, box=None):
    """The letters on the picture, as tesseract reads them."""
    part = image.crop(box) if box else image
    part = part.convert("L").resize((part.width * 3, part.height * 3), Image.LANCZOS)
    with tempfile.NamedTemporaryFile(suffix=".png") as file:
        part.save(file.name)
        done = subprocess.run(["tesseract", file.name, "-", "--psm", "6"], capture_output=True, text=True, check=True)
    return done.stdout
