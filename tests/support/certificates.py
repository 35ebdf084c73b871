"""Certificates of our own, for servers that tests start."""

import subprocess
from pathlib import Path
from typing import NamedTuple

_SELF_SIGNED = ("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2")


class Certificate(NamedTuple):
    """The files of a certificate that signs itself."""

    cert: Path
    key: Path


def certificate(folder: Path, name: str) -> Certificate:
    """Make one for a name or an IPv4 address."""
    made = Certificate(folder / f"{name}.crt", folder / f"{name}.key")
    kind = "IP" if name.replace(".", "").isdigit() else "DNS"
    names = ["-subj", f"/CN={name}", "-addext", f"subjectAltName={kind}:{name}"]
    files = ["-keyout", str(made.key), "-out", str(made.cert)]
    command = ["openssl", *_SELF_SIGNED, *names, *files]
    subprocess.run(command, check=True, capture_output=True)
    return made
