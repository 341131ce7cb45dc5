"""Loads the plugin that runs the suites against a target."""

pytest_plugins = ["harness.plugin", "reports.plugin"]
