"""The recogniser: RapidOCR's PP-OCRv6 model, which lies in its wheel, on one processor, without the network."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import metadata
from typing import Any

import numpy as np

from pipeline.errors import XizeError
from pipeline.readers.ocr.layout import TextBox
from pipeline.readers.ocr.picture import Grey

INSTALL = "pip install 'xize[ocr]'"
_WIDE = 15
"""How many times as wide as high a line is, to be recognised alone."""
_PAD = 0.12
"""Paper round a line, as a share of its height: the model was trained on lines that do not touch the border."""


def installed() -> bool:
    """Whether the extra is there."""
    return all(importlib.util.find_spec(name) is not None for name in ("rapidocr", "onnxruntime"))


@lru_cache(maxsize=1)
def _recogniser() -> Any:
    """The model, loaded once in a process. Raises XizeError when its files are not there."""
    from rapidocr import RapidOCR

    try:
        engine = RapidOCR(
            params={
                "Global.use_det": False,
                "Global.use_cls": False,
                "Global.log_level": "critical",
                "EngineConfig.onnxruntime.intra_op_num_threads": 1,
                "EngineConfig.onnxruntime.inter_op_num_threads": 1,
            }
        )
        engine.return_word_box = True  # certainty per character, not only per line
        engine.recognize_txt([np.full((48, 48, 3), 255, dtype=np.uint8)])
    except Exception as error:  # whatever onnxruntime or a missing file raises
        raise XizeError(f"文字识别组件rapidocr无法启动：请重新安装（{INSTALL}）。") from error
    return engine


@dataclass(frozen=True)
class Recognised:
    """A line as recognised, and how sure each of its characters is (0-1)."""

    text: str
    chars: tuple[float, ...]


def recognise(grey: Grey, boxes: Sequence[TextBox]) -> list[Recognised]:
    """The texts of lines of a picture. Raises XizeError when the recogniser cannot be started."""
    crops = [_crop(grey, box) for box in boxes]
    wide = [k for k, crop in enumerate(crops) if crop.shape[1] > _WIDE * crop.shape[0]]
    # Lines are recognised several at once, all as wide as the widest: of long ones that would take a gigabyte.
    groups = [[k for k in range(len(crops)) if k not in set(wide)], *([k] for k in wide)]
    out: dict[int, Recognised] = {}
    for group in filter(None, groups):
        found = _recogniser().recognize_txt([crops[k] for k in group])
        for k, text, word in zip(group, found.txts, found.word_results, strict=True):
            out[k] = Recognised(text, tuple(map(float, word.confs)) if text else ())
    return [out[k] for k in range(len(crops))]


def _crop(grey: Grey, box: TextBox) -> Any:
    """A line cut out with paper round it: blue-green-red, as the model wants it."""
    pad = max(2, round(_PAD * (box.bottom - box.top)))
    line = grey[box.top : box.bottom, box.x0 : box.x1]
    framed = np.pad(line, pad, constant_values=int(np.percentile(line, 95)) if line.size else 255)
    return np.repeat(framed[:, :, None], 3, axis=2)


def versions() -> dict[str, str]:
    """Engine and models, for the manifest."""
    return {name: metadata.version(name) for name in ("rapidocr", "onnxruntime")} | {
        "model": "PP-OCRv6 rec small"
    }
