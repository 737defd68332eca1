"""Files that cannot be read end with one clear sentence; files that can be read are not refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.errors import XizeError
from pipeline.readers.pdf.read import read_pdf
from pipeline.reading import cells_of
from tests.typeset.bad import BAD, PASSWORDS

REFUSED = {
    "empty": "空",
    "not_a_pdf": "不是 PDF",
    "html_error_page": "不是 PDF",
    "truncated_half": "不完整",
    "truncated_most": "不完整",
    "no_pages": "没有任何页面",
    "encrypted_aes256": "--password",
    "encrypted_aes128": "--password",
    "encrypted_rc4": "--password",
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_with_one_sentence(name: str, tmp_path: Path) -> None:
    path = tmp_path / f"{name}.pdf"
    BAD[name](path)
    with pytest.raises(XizeError) as error:
        read_pdf(path)
    message = str(error.value)
    assert path.name in message
    assert REFUSED[name] in message
    assert message.count("。") == 1 and "\n" not in message
    assert error.value.exit_code != 0


@pytest.mark.parametrize("name", PASSWORDS)
def test_the_password_opens(name: str, tmp_path: Path) -> None:
    path = tmp_path / f"{name}.pdf"
    BAD[name](path)
    assert cells_of(read_pdf(path, password=PASSWORDS[name]))
    with pytest.raises(XizeError, match="密码"):
        read_pdf(path, password="wrong")


def test_an_owner_password_alone_hinders_nobody(tmp_path: Path) -> None:
    path = tmp_path / "owner.pdf"
    BAD["owner_password_only"](path)
    assert len({cell.page for cell in cells_of(read_pdf(path))}) == 3
