"""The command line: `hub serve`, and what an operator needs around it.

Data goes to stdout, everything else to stderr; `-o json` makes both readable for programs.
`failure.py` owns the exit codes. Commands import what they need when they run, so that
`hub --help` costs no server.
"""


def main() -> None:
    """Run the command that the process was called with, and exit with its code."""
    from hub.cli.root import root

    root(prog_name="hub")
