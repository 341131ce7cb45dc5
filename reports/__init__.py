"""Views of one result model: HTML, JUnit, Markdown and JSON."""

from reports.write import WRITERS, write_reports

__all__ = ["WRITERS", "write_reports"]
