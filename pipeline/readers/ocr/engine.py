"""The recogniser: RapidOCR's PP-OCRv6 model, which lies in its wheel, on one processor, without the network."""

from __future__ import annotations

import importlib.util
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import metadata
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.errors import XizeError
from pipeline.readers.ocr.layout import TextBox
from pipeline.readers.ocr.picture import Grey
from pipeline.readers.pdf.page import Floats

Ints = npt.NDArray[np.int64]

INSTALL = "pip install 'xize[ocr]'"
_WIDE = 15
"""How many times as wide as high a line is, to be recognised alone."""
_SURE = 0.99
"""Share of a sign from which on its second guesses are not looked at."""
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
        engine: Any = RapidOCR(
            params={
                "Global.use_det": False,
                "Global.use_cls": False,
                "Global.log_level": "critical",
                "EngineConfig.onnxruntime.intra_op_num_threads": 1,
                "EngineConfig.onnxruntime.inter_op_num_threads": 1,
            }
        )
        engine.return_word_box = True  # with the details of each line, which Decoder gives
        engine.recognize_txt([np.full((48, 48, 3), 255, dtype=np.uint8)])
        engine.text_rec.postprocess_op = Decoder(engine.text_rec.postprocess_op.character)
    except Exception as error:  # whatever onnxruntime or a missing file raises
        raise XizeError(f"文字识别组件rapidocr无法启动：请重新安装（{INSTALL}）。") from error
    return engine


@dataclass(frozen=True)
class Recognised:
    """A line as recognised, and how sure it is, 0–1: as its least sure character, or as nothing being left out."""

    text: str
    certainty: float


class Decoder:
    """The model's answers → texts, in the place of RapidOCR's decoder, which keeps nothing of second guesses.

    An answer is (steps, signs): at every step across the line the share of each sign, the first of which is "no sign"
    (CTC). Signs that are the same in NFKC count as one: the recogniser wavers between wide and narrow brackets.
    """

    def __init__(self, signs: Sequence[str]) -> None:
        self._signs = signs
        self._plain = [unicodedata.normalize("NFKC", sign) for sign in signs]

    def __call__(
        self, answers: Floats, *_: Any, **__: Any
    ) -> tuple[list[tuple[str, float]], list[Recognised]]:
        """What RapidOCR wants of a decoder: (text, score) and the details of each line."""
        found = [self.line(answer) for answer in answers]
        return [(one.text, one.certainty) for one in found], found

    def line(self, answer: Floats) -> Recognised:
        """The text of an answer. It is as sure as its least sure character against the second guess, and as no sign having
        been passed over. A 、 between digits (5、4、3) is wavered over and hardly ever wrong, so it is left out."""
        best, shares = answer.argmax(axis=1), answer.max(axis=1)
        chars: list[str] = []
        sure: list[float] = []
        passed = 0.0
        for at, (sign, share) in enumerate(zip(best.tolist(), shares.tolist(), strict=True)):
            if not sign:
                passed = max(passed, self._passed_over(answer, best, at) if share < _SURE else 0.0)
                continue
            certainty = 1.0 if share >= _SURE or self._signs[sign] == " " else self._against(answer[at], sign)
            if at and best[at - 1] == sign:
                sure[-1] = max(sure[-1], certainty)
            else:
                chars.append(self._signs[sign])
                sure.append(certainty)
        text = "".join(chars)
        for found in re.finditer(r"(?<=\d)、(?=\d)", text):
            sure[found.start()] = 1.0
        return Recognised(text, min([*sure, 1.0 - passed]) if text.strip() else 0.0)

    def _against(self, shares: Floats, sign: int) -> float:
        """The share of a sign (with those that are the same) against the other signs."""
        near = [int(k) for k in np.argpartition(shares, -4)[-4:]]
        same = sum(float(shares[k]) for k in near if self._plain[k] == self._plain[sign])
        others = sum(float(shares[k]) for k in near if k and self._plain[k] != self._plain[sign])
        return same / (same + others)

    def _passed_over(self, answer: Floats, best: Ints, at: int) -> float:
        """The share of the likeliest sign where none was taken, unless it is one of those beside it."""
        sign = int(answer[at, 1:].argmax()) + 1
        beside = {self._plain[k] for k in best[max(0, at - 2) : at + 3].tolist() if k}
        return 0.0 if self._plain[sign] in beside or sign == len(self._signs) - 1 else float(answer[at, sign])


def recognise(grey: Grey, boxes: Sequence[TextBox]) -> list[Recognised]:
    """The texts of lines of a picture. Raises XizeError when the recogniser cannot be started."""
    crops = [_crop(grey, box) for box in boxes]
    wide = [k for k, crop in enumerate(crops) if crop.shape[1] > _WIDE * crop.shape[0]]
    # Lines are recognised several at once, all as wide as the widest: of long ones that would take a gigabyte.
    groups = [[k for k in range(len(crops)) if k not in set(wide)], *([k] for k in wide)]
    out: dict[int, Recognised] = {}
    for group in filter(None, groups):
        found = _recogniser().recognize_txt([crops[k] for k in group])
        out |= dict(zip(group, found.word_results, strict=True))
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
