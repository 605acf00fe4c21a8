"""A picture that a person adds in the page."""

from __future__ import annotations

from ... import images as pictures
from ..session import Report, Session
from .common import Result


def upload(session: Session, report: Report, file: str, name: str, part: int, parts: int, data: bytes) -> Result:
    """One part of a file; with the last one the file is read as a picture, and `image` is its number.

    `BadPicture` says what is wrong with a file that is none.
    """
    whole = session.uploads.take(file, part, parts, data)
    meta = {"received": part + 1, "image": None, "note": ""}
    if whole is not None:
        index = session.add(whole, pictures.name_of(name, len(session.pictures)))
        meta.update(image=index, note=session.picture(index).note)
    return meta, []
