"""Documents made by hand for the tests of the readers."""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from email.message import EmailMessage
from typing import Any

BODY = "The dam above the town failed in the night, and the lower streets were flooded by the morning, officials said."


def pdf(
    *pages: str | bytes, info: Mapping[str, str] | None = None, xmp: str = "", rotten: Sequence[int] = ()
) -> bytes:
    """A PDF with a page for each text (lines split by newlines) or content stream; pages in `rotten` are broken."""
    streams = [page if isinstance(page, bytes) else _content(page) for page in pages]
    fixed = 3
    objects: list[bytes] = [
        b"<</Type/Catalog/Pages 2 0 R" + (b"/Metadata 4 0 R" if xmp else b"") + b">>",
        b"",
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
    ]
    if xmp:
        objects.append(_stream(xmp.encode(), b"/Type/Metadata/Subtype/XML"))
        fixed += 1
    kids = []
    for number, stream in enumerate(streams):
        kids.append(len(objects) + 1)
        objects.append(
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Resources<</Font<</F1 3 0 R>>>>/Contents %d 0 R>>"
            % (len(objects) + 2)
        )
        objects.append(
            b"<</Length 3/Filter/NoSuchFilter>>stream\nxxx\nendstream"
            if number in rotten
            else _stream(stream, b"")
        )
    objects[1] = b"<</Type/Pages/Count %d/Kids[%s]>>" % (
        len(kids),
        b" ".join(b"%d 0 R" % kid for kid in kids),
    )
    trailer = b""
    if info:
        fields = b"".join(b"/%s(%s)" % (key.encode(), value.encode("latin-1")) for key, value in info.items())
        objects.append(b"<<" + fields + b">>")
        trailer = b"/Info %d 0 R" % len(objects)
    out = io.BytesIO()
    out.write(b"%PDF-1.7\n")
    offsets = []
    for number, body in enumerate(objects, start=1):
        offsets.append(out.tell())
        out.write(b"%d 0 obj\n%s\nendobj\n" % (number, body))
    start = out.tell()
    out.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    out.writelines(b"%010d 00000 n \n" % offset for offset in offsets)
    out.write(
        b"trailer\n<</Size %d/Root 1 0 R%s>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, trailer, start)
    )
    return out.getvalue()


def _content(text: str) -> bytes:
    lines = [line.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)") for line in text.split("\n")]
    shown = "".join(f"({line}) Tj 0 -16 Td\n" for line in lines)
    return f"BT /F1 12 Tf 40 760 Td\n{shown}ET".encode("cp1252")


def _stream(data: bytes, extra: bytes) -> bytes:
    packed = zlib.compress(data, 9)
    return b"<</Filter/FlateDecode/Length %d%s>>stream\n%s\nendstream" % (len(packed), extra, packed)


def zipped(members: Mapping[str, bytes | str] | Sequence[tuple[Any, bytes | str]]) -> bytes:
    """A ZIP archive; names may be `zipfile.ZipInfo`."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items() if isinstance(members, Mapping) else members:
            archive.writestr(name, data, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def docx(*paragraphs: str, **properties: Any) -> bytes:
    """A DOCX document; a paragraph starting with "# " is a heading."""
    from docx import Document

    document = Document()
    for paragraph in paragraphs:
        if paragraph.startswith("# "):
            document.add_heading(paragraph[2:])
        else:
            document.add_paragraph(paragraph)
    for name, value in properties.items():
        setattr(document.core_properties, name, value)
    return saved(document)


def saved(document: Any) -> bytes:
    """The bytes of a python-docx document."""
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def mail(text: str | None = BODY, *, html: str | None = None, **headers: str) -> EmailMessage:
    """A mail; headers are given with underscores for dashes."""
    message = EmailMessage()
    for name, value in {
        "From": "Ana Lim <ana@mail.example>",
        "Subject": "Dam fails",
        "Date": "Mon, 06 May 2024 10:00:00 +0200",
        **headers,
    }.items():
        message[name.replace("_", "-")] = value
    if text is not None:
        message.set_content(text)
        if html is not None:
            message.add_alternative(html, subtype="html")
    elif html is not None:
        message.set_content(html, subtype="html")
    return message


def rows(*items: object) -> str:
    """JSON lines."""
    return "\n".join(json.dumps(item) for item in items)
