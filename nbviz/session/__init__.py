"""Headless: 'answer this request'."""

from .session import Answer, Report, Session

__all__ = ["Answer", "Report", "Session"]
