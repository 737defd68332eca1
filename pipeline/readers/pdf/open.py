"""Opening a PDF, or saying clearly why not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cached_property
from pathlib import Path
from typing import Protocol

from pipeline.errors import XizeError
from pipeline.readers.pdf.camelot import CamelotDocument, open_camelot
from pipeline.readers.pdf.damage import PageState, Structure, open_structure
from pipeline.readers.pdf.page import PageArrays
from pipeline.readers.pdf.painted import Painted


class _Document(Protocol):
    """What a decoder opens."""

    page_count: int

    def read(self, number: int) -> PageArrays:
        """The arrays of page ``number`` (from 1)."""


class OpenPdf:
    """An open PDF whose pages are decoded one by one; ``decoder`` names the library that does it."""

    def __init__(self, path: Path, password: str, decoder: str, stack: ExitStack) -> None:
        self.path = path
        self.password = password
        self.decoder = decoder
        self._stack = stack
        self._states: dict[int, PageState] = {}
        self._document = _open_document(path, password, decoder, stack)
        self.page_count: int = self._document.page_count

    def decode(self, number: int) -> PageArrays:
        """The arrays of page ``number`` (from 1). Raises XizeError when its content is broken."""
        try:
            return self._document.read(number)
        except Exception as error:  # decoders raise anything on a broken content stream
            raise XizeError(
                f"{self.path.name} 第 {number} 页：页面内容已损坏，无法读取；请重新取得该文件。"
            ) from error

    def state(self, number: int) -> PageState:
        """What is damaged of page ``number`` (from 1), and how much it paints; it is found out once."""
        if number not in self._states:
            self._states[number] = PageState() if self._structure is None else self._structure.page(number)
        return self._states[number]

    def check_page_count(self) -> None:
        """Raise XizeError where the document says that it has other pages than there are: some would be lost."""
        tree = self._structure
        if tree is not None and {tree.page_count, tree.declared} != {self.page_count}:
            said = self.page_count if tree.declared is None else tree.declared
            raise XizeError(
                f"{self.path.name}：文件标明共{said}页，实际能找到{tree.page_count}页，页面目录已损坏；"
                "请重新取得或另存该文件。"
            )

    @cached_property
    def _structure(self) -> Structure | None:
        return self._stack.enter_context(open_structure(self.path, self.password))

    @cached_property
    def other(self) -> OpenPdf:
        """The same file by the other decoder, opened when first asked for. Raises XizeError as :func:`open_pdf`."""
        decoder = "pdfplumber" if self.decoder == "pdfium" else "pdfium"
        return OpenPdf(self.path, self.password, decoder, self._stack)

    @cached_property
    def painted(self) -> Painted:
        """The text that the file's pages show, for counting."""
        return Painted(self._structure, self.path, self.password, self._stack)

    @cached_property
    def camelot(self) -> CamelotDocument:
        """The same file as camelot opens it, when first asked for: few documents need it."""
        return self._stack.enter_context(open_camelot(self.path, self.password))


@contextmanager
def open_pdf(path: Path, password: str = "", decoder: str = "pdfium") -> Iterator[OpenPdf]:
    """Open a PDF for decoding; ``decoder`` is ``pdfium`` or ``pdfplumber``.

    Raises XizeError, in one sentence with the remedy, when the file is missing, empty, not a PDF, truncated, without
    pages or with other pages than it says, or encrypted without the right password, and for a decoder that there is not.

    >>> with open_pdf(Path("rules.pdf")) as pdf:
    ...     pdf.page_count, pdf.decode(1).texts[:4]
    (1, ('序', '号', '机', '构'))
    """
    _look_at_file(path)
    with ExitStack() as stack:
        pdf = OpenPdf(path, password, decoder, stack)
        if pdf.page_count == 0:
            raise XizeError(f"{path.name}：文件中没有任何页面，可能已损坏；请重新取得该 PDF。")
        pdf.check_page_count()
        yield pdf


def count_pages(path: Path, password: str = "", decoder: str = "pdfium") -> int:
    """Number of pages. Raises XizeError like :func:`open_pdf`.

    >>> count_pages(Path("rules.pdf"))
    1
    """
    with open_pdf(path, password, decoder) as pdf:
        return pdf.page_count


def _open_document(path: Path, password: str, decoder: str, stack: ExitStack) -> _Document:
    if decoder == "pdfium":
        from pipeline.readers.pdf.decode_pdfium import open_pdfium
        from pipeline.readers.pdf.pdfium_calls import PdfiumError

        try:
            return stack.enter_context(open_pdfium(path, password))
        except PdfiumError as error:
            raise _cannot_open(path, password, error.password, error.security) from error
    if decoder != "pdfplumber":
        raise XizeError(f"没有名为“{decoder}”的解码器；请用 pdfplumber 或 pdfium。")
    from pdfminer.pdfdocument import PDFEncryptionError, PDFPasswordIncorrect

    from pipeline.readers.pdf.decode_pdfplumber import open_pdfplumber

    try:
        return stack.enter_context(open_pdfplumber(path, password))
    except Exception as error:  # it raises anything on a broken structure
        causes = (error, error.args[0] if error.args else error)
        locked = any(isinstance(cause, PDFPasswordIncorrect) for cause in causes)
        foreign = any(isinstance(cause, PDFEncryptionError) for cause in causes)
        raise _cannot_open(path, password, locked, foreign) from error


def _cannot_open(path: Path, password: str, locked: bool, foreign: bool) -> XizeError:
    """Why a decoder cannot open a file: ``locked`` by a password, or encrypted in a ``foreign`` way, or broken."""
    if locked:
        how = "所给密码不正确，请用 --password 给出正确的密码" if password else "请用 --password 给出密码"
        return XizeError(f"{path.name}：文件已加密；{how}。")
    if foreign:
        return XizeError(f"{path.name}：文件的加密方式不受支持；请先用其他工具另存为未加密的 PDF。")
    return XizeError(f"{path.name}：PDF 结构已损坏，无法读取；请重新取得或另存该文件。")


def _look_at_file(path: Path) -> None:
    """The checks that need no PDF library."""
    try:
        size = path.stat().st_size
    except FileNotFoundError as error:
        raise XizeError(f"{path}：找不到该文件；请核对路径。") from error
    if path.is_dir():
        raise XizeError(f"{path}：这是一个文件夹，不是 PDF 文件；请给出文件路径。")
    if size == 0:
        raise XizeError(f"{path.name}：文件是空的（0 字节）；请重新取得该 PDF。")
    with path.open("rb") as file:
        head = file.read(1024)
        file.seek(max(0, size - 8192))
        tail = file.read()
    if b"%PDF-" not in head:
        raise XizeError(f"{path.name}：不是 PDF 文件（缺少 PDF 文件头）；请给出 PDF 格式的文件。")
    if b"%%EOF" not in tail:
        raise XizeError(f"{path.name}：PDF 文件不完整（缺少文件尾，可能下载中断）；请重新取得该文件。")
