"""Makes fixtures/augmentations.json and fixtures/npz.json.

    python3 test/parity/make_picture_fixtures.py

Augmentations: what SciPy's map_coordinates (order 1) and NumPy make of a random picture. `nearest` is our fill
`edge`; `grid-constant` is `black`, as there a pixel outside counts as black where it is interpolated with.

NPZ: files as NumPy writes them, in base64, with what they hold.
"""

import base64
import io

import numpy as np
from scipy.ndimage import map_coordinates

from make_fixtures import write

random = np.random.RandomState(5)
HEIGHT, WIDTH, CHANNELS = 5, 7, 3
LOWEST = np.array([-1.5, -0.5, -2.0])
HIGHEST = np.array([2.0, 1.5, 1.0])
MODES = dict(edge="nearest", black="grid-constant")

picture = (LOWEST + random.rand(HEIGHT, WIDTH, CHANNELS) * (HIGHEST - LOWEST)).astype(np.float32)
ROWS, COLUMNS = np.meshgrid(np.arange(HEIGHT), np.arange(WIDTH), indexing="ij")


def sampled(rows, columns, fill):
    """The picture where the coordinates point, channel by channel."""
    return np.stack(
        [
            map_coordinates(
                picture[:, :, channel].astype(np.float64),
                [rows, columns],
                order=1,
                mode=MODES[fill],
                cval=LOWEST[channel],
            )
            for channel in range(CHANNELS)
        ],
        axis=-1,
    )


def turned(degrees, fill):
    angle = np.deg2rad(degrees)
    y, x = ROWS - (HEIGHT - 1) / 2, COLUMNS - (WIDTH - 1) / 2
    rows = np.cos(angle) * y + np.sin(angle) * x + (HEIGHT - 1) / 2
    columns = -np.sin(angle) * y + np.cos(angle) * x + (WIDTH - 1) / 2
    return sampled(rows, columns, fill)


def enlarged(top, left, share):
    return sampled(top + (ROWS + 0.5) * share - 0.5, left + (COLUMNS + 0.5) * share - 0.5, "edge")


def stretched(factor):
    means = picture.mean(axis=(0, 1), dtype=np.float64)
    return np.clip(means + (picture - means) * factor, LOWEST, HIGHEST)


def augmentations():
    fills = list(MODES)
    return dict(
        shape=[HEIGHT, WIDTH, CHANNELS],
        lowest=LOWEST,
        highest=HIGHEST,
        picture=picture,
        mirror=[dict(direction="horizontal", to=picture[:, ::-1]), dict(direction="vertical", to=picture[::-1])],
        translate=[
            dict(down=down, right=right, fill=fill, to=sampled(ROWS - down, COLUMNS - right, fill))
            for down, right in [(1, -2), (0, 3), (-4, 0), (4, 6)]
            for fill in fills
        ],
        turn=[dict(degrees=d, fill=fill, to=turned(d, fill)) for d in (0, 12.5, -40, 90, 180) for fill in fills],
        enlarge=[
            dict(top=top, left=left, share=share, to=enlarged(top, left, share))
            for top, left, share in [(0, 0, 1), (0.7, 1.3, 0.8), (0, 3.5, 0.5), (2.5, 0, 0.5)]
        ],
        brighten=[
            dict(share=share, to=np.clip(picture + share * (HIGHEST - LOWEST), LOWEST, HIGHEST)) for share in (0.2, -0.6)
        ],
        stretch=[dict(factor=factor, to=stretched(factor)) for factor in (0.5, 1.7)],
    )


def npz(save=np.savez, **arrays):
    file = io.BytesIO()
    save(file, **arrays)
    return base64.b64encode(file.getvalue()).decode()


DTYPES = ["|u1", "|i1", "|b1"] + [order + code for order in "<>" for code in ("u2", "i2", "u4", "i4", "u8", "i8", "f2", "f4", "f8")]


def of_dtype(dtype):
    numbers = random.randint(0, 2 if dtype == "|b1" else 100, (4, 2, 3)) * (1 if dtype[1] in "ub" else -1)
    if dtype[1] == "f":
        numbers = numbers / 8
    x = numbers.astype(dtype)
    return dict(dtype=dtype, file=npz(x=x, y=np.arange(4)), x=x.astype(np.float64).reshape(4, -1))


def archives():
    x = random.randint(0, 256, (6, 2, 2)).astype(np.uint8)
    y = np.array([0, 1, 2, 0, 1, 2])
    parts = dict(x_train=x[:3], y_train=y[:3], x_test=x[3:], y_test=y[3:])
    refused = dict(
        fortran=npz(x=np.asfortranarray(x.astype(np.float32)), y=y),
        objects=npz(x=x, y=np.array([dict(a=1), None], dtype=object)),
        records=npz(x=np.zeros(6, dtype=[("a", "<i4"), ("b", "<f8")]), y=y),
        text=npz(x=x, y=np.array(["cat", "dog", "cow", "cat", "dog", "cow"])),
        complex=npz(x=x.astype(np.complex64), y=y),
    )
    return dict(
        dtypes=[of_dtype(dtype) for dtype in DTYPES],
        x=x,
        y=y,
        parts=npz(**parts),
        compressed=npz(np.savez_compressed, **parts),
        refused=refused,
    )


if __name__ == "__main__":
    write("augmentations", augmentations())
    write("npz", archives())
