import pytest

from harness.results import RequirementRecord
from harness.verdicts import Level
from reports.sections import natural, requirement_of, section_of
from reports.tests.factory import a_header


@pytest.mark.parametrize(
    ("requirement", "clause", "document", "label", "url"),
    [
        (
            "RFC1939-5.LIST-d",
            "RFC 1939 §5 (LIST)",
            "RFC 1939",
            "5 (LIST)",
            "https://www.rfc-editor.org/rfc/rfc1939#section-5",
        ),
        (
            "RFC3501-6.4.3-a",
            "RFC 3501 §6.4.3",
            "RFC 3501",
            "6.4.3",
            "https://www.rfc-editor.org/rfc/rfc3501#section-6.4.3",
        ),
        ("RFC2449-A-a", "RFC 2449 §A", "RFC 2449", "A", "https://www.rfc-editor.org/rfc/rfc2449#appendix-A"),
        ("POSTEL-NUL-a", "postel check POSTEL-NUL-a", "POSTEL", "POSTEL-NUL", ""),
        ("odd", '"><script>', "odd", "odd", ""),
    ],
)
def test_section(requirement: str, clause: str, document: str, label: str, url: str) -> None:
    section = section_of(RequirementRecord(requirement, Level.MUST, clause, "."))
    assert (section.document, section.label, section.url) == (document, label, url)


def test_a_requirement_that_the_log_does_not_describe_shows_as_its_id() -> None:
    found = requirement_of(a_header(0), "RFC9999-1-a")
    assert found.id == found.clause == "RFC9999-1-a"


def test_sections_sort_as_people_count() -> None:
    assert sorted(["RFC1939-10-a", "RFC1939-9-a", "RFC1939-9.TOP-a"], key=natural) == [
        "RFC1939-9-a",
        "RFC1939-9.TOP-a",
        "RFC1939-10-a",
    ]
