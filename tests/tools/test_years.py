"""What a simulated steward settles: right items that he was asked about, and the right ones in place of wrong ones."""

from __future__ import annotations

from benchmarks.years import corrected


def test_a_steward_settles_what_he_was_asked_about() -> None:
    texts = {"注册安全": 0.6, "工程师": 0.6, "茶艺师": 0.7, "评茶员": 0.95, "品酒师酿酒师": 0.99}
    rows = [{"text": text, "confidence": sure, "settled_by": None} for text, sure in texts.items()]
    right = ["注册安全工程师", "茶艺师", "评茶员", "品酒师", "酿酒师"]
    found = list(corrected(rows, right, 0.92))
    assert [(row["text"], row["settled_by"]) for row in found] == [
        ("注册安全工程师", "steward"), ("茶艺师", "steward"), ("评茶员", None), ("品酒师酿酒师", None),
    ]  # fmt: skip
    assert [row["position"] for row in found] == [1, 2, 3, 4]
    assert [row["text"] for row in corrected(rows, right, 2.0)] == right
    assert [row["text"] for row in corrected(rows, [*right, "甲"], 2.0)] == list(texts), "another text"
