"""Old Office files (.doc, .wps, .xls, RTF) → .docx or .xlsx by LibreOffice, where it is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from pipeline.errors import XizeError
from pipeline.system import apart, end_group

_SECONDS = 120
"""How long a conversion may take."""

_SETTINGS = """\
<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry" xmlns:xs="http://www.w3.org/2001/XMLSchema">
<item oor:path="/org.openoffice.Office.Common/Security/Scripting">
<prop oor:name="MacroSecurityLevel" oor:op="fuse"><value>3</value></prop>
<prop oor:name="DisableMacrosExecution" oor:op="fuse"><value>true</value></prop>
<prop oor:name="BlockUntrustedRefererLinks" oor:op="fuse"><value>true</value></prop>
</item>
</oor:items>
"""
"""No macro runs and nothing that the file links to is fetched."""

_FILTERS = {"docx": "docx:MS Word 2007 XML", "xlsx": "xlsx:Calc MS Excel 2007 XML"}


def soffice() -> str | None:
    """LibreOffice's program, None where it is not installed."""
    return shutil.which("soffice") or shutil.which("libreoffice")


def converted(path: Path, to: str) -> bytes:
    """The file as ``to`` (docx | xlsx), by a LibreOffice of its own: own profile, macros off, at most two minutes.

    Raises XizeError when LibreOffice is not installed, takes longer, or cannot read the file.
    """
    program = soffice()
    if program is None:
        raise XizeError(
            f"{path.name}：旧格式的Office文件要由LibreOffice转换，本机没有安装（找不到soffice）；"
            f"请安装LibreOffice，或用Word另存为.{to}。"
        )
    with tempfile.TemporaryDirectory(prefix="xize-office-") as folder:
        profile = Path(folder) / "profile"
        (profile / "user").mkdir(parents=True)
        (profile / "user" / "registrymodifications.xcu").write_text(_SETTINGS, encoding="utf-8")
        source = Path(folder) / f"document{path.suffix.lower() or '.doc'}"
        shutil.copyfile(path, source)
        out = Path(folder) / "out"
        command = [
            program, f"-env:UserInstallation={profile.as_uri()}", "--headless", "--norestore", "--nologo", "--nodefault",
            "--nofirststartwizard", "--convert-to", _FILTERS[to], "--outdir", str(out), str(source),
        ]  # fmt: skip
        _run(command, path.name)
        made = out / f"document.{to}"
        if not made.is_file() or not made.stat().st_size:
            raise XizeError(
                f"{path.name}：LibreOffice读不了该文件，可能已损坏或已加密；请用Word另存为.{to}。"
            )
        return made.read_bytes()


def _run(command: list[str], name: str) -> None:
    """Run LibreOffice in a process group of its own and end the whole group afterwards."""
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        **apart(),
        env={**os.environ, "SAL_USE_VCLPLUGIN": "svp"},
    )
    try:
        process.wait(_SECONDS)
    except subprocess.TimeoutExpired as error:
        raise XizeError(
            f"{name}：LibreOffice用了{_SECONDS}秒仍未转换完，已停止；请用Word另存为新格式。"
        ) from error
    finally:
        end_group(process)
