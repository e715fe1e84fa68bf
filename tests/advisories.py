"""The locked dependencies, held against published advisories: `python -m tests.advisories`.

Python packages by pip-audit (PyPI's own list of vulnerabilities, else OSV's), npm packages of the tests by `npm audit`.
It needs the network, so no test runs it. Exit code: 0 nothing found, 1 findings, 69 a package could not be audited:
pip-audit calls that "no known vulnerabilities", which it is not.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CLIENTS = ROOT / "tests" / "sandbox" / "clients"
PIP_AUDIT = "pip-audit==2.10.1"
FOUND, UNAVAILABLE = 1, 69
CALL_S = 600


@dataclass(frozen=True)
class Audit:
    """What was audited of one lock file. `missing`: packages of which nothing could be learnt, and why."""

    what: str
    audited: int = 0
    findings: tuple[str, ...] = ()
    missing: Mapping[str, str] = field(default_factory=dict)

    @property
    def line(self) -> str:
        told = f"{self.what}: {self.audited + len(self.missing)} locked packages, {self.audited} audited"
        return f"{told}, {len(self.missing)} could not be, {len(self.findings)} findings"


def code(audits: Iterable[Audit]) -> int:
    """Findings come first; a package that nobody could audit is no good news."""
    found = list(audits)
    if any(one.findings for one in found):
        return FOUND
    return UNAVAILABLE if any(one.missing for one in found) else 0


def of_pip_audit(report: Mapping[str, object]) -> Audit:
    """The JSON that pip-audit writes."""
    findings: list[str] = []
    missing: dict[str, str] = {}
    audited = 0
    dependencies = report.get("dependencies")
    for one in dependencies if isinstance(dependencies, list) else []:
        if "skip_reason" in one:
            missing[one["name"]] = one["skip_reason"]
            continue
        audited += 1
        for wrong in one.get("vulns", ()):
            fixed = ", ".join(wrong.get("fix_versions", ())) or "no version yet"
            findings.append(f"{one['name']} {one['version']}: {wrong['id']}, fixed in {fixed}")
    return Audit("Python", audited, tuple(findings), missing)


def of_npm_audit(report: Mapping[str, object], packages: int) -> Audit:
    """The JSON that `npm audit` writes of `packages` locked ones."""
    if not isinstance(report.get("vulnerabilities"), dict):
        return Audit("npm", missing=dict.fromkeys(map(str, range(packages)), str(report.get("message") or "no answer")))
    wrong = report["vulnerabilities"]
    assert isinstance(wrong, dict)
    return Audit("npm", packages, tuple(f"{name}: {one['severity']}, {one['range']}" for name, one in wrong.items()))


def _uv() -> str:
    return shutil.which("uv") or str(ROOT / ".tools" / "bin" / "uv")


def _python(folder: Path) -> Audit:
    """Raises OSError or subprocess.SubprocessError where uv cannot be run."""
    locked, report = folder / "locked.txt", folder / "report.json"
    export = [_uv(), "export", "-q", "--frozen", "--no-hashes", "--no-emit-project", "--all-groups"]
    subprocess.run([*export, "--project", str(ROOT), "-o", str(locked)], check=True, timeout=CALL_S)
    found = Audit("Python")
    for service in ("pypi", "osv"):
        command = [
            *(_uv(), "tool", "run", "-q", "--from", PIP_AUDIT, "pip-audit", "-r", str(locked), "--no-deps"),
            *("--disable-pip", "--progress-spinner", "off", "-s", service, "-f", "json", "-o", str(report)),
        ]
        report.unlink(missing_ok=True)
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=CALL_S)
        if not report.exists():
            reason = (done.stderr.strip().splitlines() or ["it says nothing"])[-1][:200]
            found = found if found.missing else Audit("Python", missing={"all of them": f"{service}: {reason}"})
            continue
        answer = of_pip_audit(json.loads(report.read_text()))
        if not answer.missing or answer.findings:
            return answer
        found = answer if answer.audited >= found.audited else found
    return found


def _npm(folder: Path) -> Audit:
    for name in ("package.json", "package-lock.json"):
        shutil.copy(CLIENTS / name, folder / name)
    packages = len(json.loads((folder / "package-lock.json").read_text())["packages"]) - 1
    npm = shutil.which("npm")
    if npm is None:
        return of_npm_audit({"message": "npm is not there (.ci/npm installs it)"}, packages)
    done = subprocess.run(
        [npm, "audit", "--json"], cwd=folder, check=False, capture_output=True, text=True, timeout=CALL_S,
        env={**os.environ, "NO_UPDATE_NOTIFIER": "1"},
    )  # fmt: skip
    try:
        return of_npm_audit(json.loads(done.stdout), packages)
    except ValueError:
        return of_npm_audit({}, packages)


def main() -> int:
    with tempfile.TemporaryDirectory() as made:
        audits = [_python(Path(made)), _npm(Path(made))]
    for one in audits:
        print(one.line)
        for finding in one.findings:
            print(f"  ! {finding}")
        for reason in dict.fromkeys(one.missing.values() if one.audited else list(one.missing.values())[:1]):
            print(f"  not audited: {reason}")
    return code(audits)


if __name__ == "__main__":
    sys.exit(main())
