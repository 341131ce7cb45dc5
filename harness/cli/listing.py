"""Commands that only tell: `list`, `targets`, `explain`, `requirements`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import rich_click as click
from rich.table import Table
from rich.text import Text

import reference_server
from harness.cases import Case
from harness.cli.console import ERR, OUT, failing, safe
from harness.requirements.traceability import Citation, Citer, Coverage, scan, trace
from harness.selectors import select
from harness.targets.profile import bundled_profiles
from suites.registry import EVERY, all_checks, catalogue, suites_for
from suites.selftest.faults import gathered


@click.command("list", short_help="List the cases that selectors choose.")
@click.argument("selectors", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--requirements", "-r", "show_requirements", is_flag=True, help="Show the requirements of each case.")
def list_cases(selectors: tuple[str, ...], as_json: bool, show_requirements: bool) -> None:
    """List the cases that SELECTORS choose: an id, the beginning of one (`pop3/rfc1939-6`), or a pattern with `*`."""
    with failing():
        checks = {check.id: check for name in suites_for(selectors) for check in all_checks(name)}
        chosen = [checks[case_id] for case_id in select(selectors, checks)]
        if as_json:
            OUT.print_json(
                json.dumps(
                    [
                        {
                            "id": check.id,
                            "title": check.title,
                            "requirements": list(check.requirements),
                            "requires": list(check.requires) if isinstance(check, Case) else [],
                            "place": str(check.position) if isinstance(check, Case) else "",
                        }
                        for check in chosen
                    ]
                )
            )
            return
        for check in chosen:
            OUT.print(Text.assemble((check.id, "bold"), "  ", check.title), soft_wrap=True)
            if show_requirements:
                OUT.print(Text("    " + ", ".join(check.requirements), style="dim"), soft_wrap=True)
        OUT.print(Text(f"{len(chosen)} cases", style="dim"))


@click.command(short_help="List the bundled targets and the other ways to name one.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def targets(as_json: bool) -> None:
    """List the targets that postel brings profiles for, and the other forms that a TARGET can take."""
    with failing():
        profiles = bundled_profiles()
        if as_json:
            OUT.print_json(json.dumps([{"name": each.name, "description": each.description} for each in profiles]))
            return
        table = Table(box=None, show_header=False, pad_edge=False)
        table.add_row(Text("reference", style="bold"), "postel's own server, in a process of its own")
        for each in profiles:
            table.add_row(Text(each.name, style="bold"), each.description)
        for form, meaning in _FORMS:
            table.add_row(Text(form, style="bold"), meaning)
        OUT.print(table)


_FORMS = (
    ("image:vendor/server:build-42", "an image; give it a profile with --profile"),
    ("build:./dir", "a directory with a Dockerfile; profile.toml in it, or --profile"),
    ("container:ID", "a container that runs; it is left as it is"),
    ("host:127.0.0.1?pop3=1110", "a server at an address; give it a profile with --profile"),
    ("./my-server.toml", "a profile file (docs/profiles.md)"),
)


@click.command(short_help="Explain a requirement: clause, level, and the cases that judge it.")
@click.argument("requirement")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def explain(requirement: str, as_json: bool) -> None:
    """Explain REQUIREMENT, such as RFC1939-5.LIST-a: its clause, what it asks, the cases and faults about it."""
    with failing():
        found = catalogue().get(requirement)
        cases = [check for name in EVERY for check in all_checks(name) if requirement in check.requirements]
        faults = [fault for fault in gathered() if requirement in fault.requirements]
        if as_json:
            OUT.print_json(
                json.dumps(
                    {
                        "id": found.id,
                        "clause": found.clause,
                        "level": found.level.value,
                        "role": found.role,
                        "summary": found.summary,
                        "untestable": found.untestable,
                        "cases": [check.id for check in cases],
                        "faults": [fault.id for fault in faults],
                    }
                )
            )
            return
        OUT.print(Text.assemble((found.id, "bold"), f"  {found.clause}, {found.level.value}"))
        OUT.print(Text(found.summary))
        if found.untestable:
            OUT.print(Text(f"not testable: {found.untestable}", style="dim"))
        for check in cases:
            OUT.print(Text.assemble("  case   ", (check.id, "bold"), f"  {check.title}"), soft_wrap=True)
        for fault in faults:
            OUT.print(Text(f"  fault  {fault.id}  {fault.title}", style="dim"), soft_wrap=True)


@click.command(short_help="Show how much of each RFC is covered, and check that every id leads somewhere.")
@click.option("--json", "as_json", is_flag=True, help="Print the counts as JSON.")
@click.option("--uncovered", is_flag=True, help="List the testable requirements that no case judges.")
@click.option("--check", is_flag=True, help="Exit with 4 when an id dangles, doubles, or is not covered.")
def requirements(as_json: bool, uncovered: bool, check: bool) -> None:
    """Count, for each RFC: statements, how many are testable, judged by a case, and broken by a deliberate fault."""
    with failing():
        traced = trace(catalogue(), list(_citations()))
        if as_json:
            OUT.print_json(json.dumps(traced.to_json()))
        else:
            OUT.print(_coverage_table(traced.coverage))
            for requirement in traced.uncovered if uncovered else ():
                OUT.print(Text(f"{requirement.id}  {requirement.level.value}  {requirement.summary}"), soft_wrap=True)
        problems = traced.problems() if check else ()
        for problem in problems:
            ERR.print(Text(safe(problem), style="red"), soft_wrap=True)
        if problems:
            raise SystemExit(4)


def _citations() -> list[Citation]:
    cases = [check for name in EVERY for check in all_checks(name)]
    return [
        *(Citation(Citer.CASE, check.id, check.requirements) for check in cases),
        *(Citation(Citer.FAULT, fault.id, fault.requirements) for fault in gathered()),
        *scan(sorted(Path(reference_server.__path__[0]).rglob("*.py")), Citer.CODE),
    ]


def _coverage_table(coverage: Mapping[str, Coverage]) -> Table:
    table = Table(box=None, pad_edge=False)
    for column in ("", "statements", "testable", "covered", "faulted"):
        table.add_column(column, justify="left" if not column else "right")
    for document, counts in coverage.items():
        table.add_row(document, *(str(count) for count in counts.to_json().values()))
    return table
