"""The audit of the locked dependencies: what it could not look up is never called sound."""

from tests.advisories import FOUND, UNAVAILABLE, Audit, code, of_npm_audit, of_pip_audit

SOUND = {"name": "aiohttp", "version": "3.14.5", "vulns": []}
WRONG = {"name": "pillow", "version": "1.0", "vulns": [
    {"id": "PYSEC-2026-1", "fix_versions": ["1.1"], "aliases": []}, {"id": "CVE-2026-2", "fix_versions": []},
]}  # fmt: skip
SKIPPED = {"name": "rich", "skip_reason": "Dependency not found on PyPI and could not be audited: rich (15)"}


def test_sound_packages_are_counted() -> None:
    found = of_pip_audit({"dependencies": [SOUND, SOUND | {"name": "x"}]})
    assert found.line == "Python: 2 locked packages, 2 audited, 0 could not be, 0 findings"
    assert code([found]) == 0


def test_findings_are_named_with_what_fixes_them() -> None:
    found = of_pip_audit({"dependencies": [SOUND, WRONG, SKIPPED]})
    assert found.findings == (
        "pillow 1.0: PYSEC-2026-1, fixed in 1.1", "pillow 1.0: CVE-2026-2, fixed in no version yet",
    )  # fmt: skip
    assert code([Audit("npm", 3), found]) == FOUND


def test_a_package_that_could_not_be_audited_is_no_good_news() -> None:
    found = of_pip_audit({"dependencies": [SOUND, SKIPPED]})
    assert found.line == "Python: 2 locked packages, 1 audited, 1 could not be, 0 findings"
    assert code([found]) == UNAVAILABLE


def test_npm_that_does_not_answer_has_audited_nothing() -> None:
    refused = of_npm_audit({"message": "request failed"}, 84)
    assert refused.line == "npm: 84 locked packages, 0 audited, 84 could not be, 0 findings"
    assert code([refused]) == UNAVAILABLE
    wrong = of_npm_audit({"vulnerabilities": {"minimist": {"severity": "critical", "range": "<1.2.6"}}}, 84)
    assert (wrong.findings, code([wrong])) == (("minimist: critical, <1.2.6",), FOUND)
    assert code([of_npm_audit({"vulnerabilities": {}}, 84)]) == 0
