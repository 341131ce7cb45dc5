"""Views of one result model: HTML, JUnit, Markdown and JSON."""
