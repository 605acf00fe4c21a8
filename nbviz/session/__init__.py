"""Headless: 'answer this request'."""

from .session import Answer, Picture, Report, Session

__all__ = ["Answer", "Picture", "Report", "Session"]
