"""Compares what the conformance runner has found with what is expected to fail.

    compare.py EXPECTED RESULTS RUN ...

RESULTS/RUN holds a folder for each scenario, with its checks in `checks.json`. A line of EXPECTED is
`SCENARIO CHECK REASON`, in which the first two may hold `*`. Warnings count as failures, so that none
comes in unseen. Exits with 1 if something else fails than what is expected to, or less.
"""

import fnmatch
import json
import pathlib
import re
import sys

# What the runner puts around a scenario's name.
FOLDER = re.compile(r"server-(?P<scenario>.+)-\d{4}-\d\d-\d\dT[\d-]+Z")


def expectations(path):
    lines = [line for line in path.read_text().splitlines() if line and not line.startswith("#")]
    parsed = [line.split(None, 2) for line in lines]
    unreasoned = [line for line, parts in zip(lines, parsed) if len(parts) < 3]
    if unreasoned:
        sys.exit(f"{path}: no reason is given: {unreasoned[0]}")
    return [(scenario, check) for scenario, check, _ in parsed]


def checks(folder):
    """(scenario, check, status, message) of every check that was made."""
    for path in sorted(folder.glob("*/checks.json")):
        scenario = FOLDER.fullmatch(path.parent.name)["scenario"]
        for check in json.loads(path.read_text()):
            message = check.get("errorMessage") or (check.get("details") or {}).get("message", "")
            yield scenario, check["id"], check["status"], message


def main():
    expected_path, results, *runs = sys.argv[1:]
    expected = expectations(pathlib.Path(expected_path))
    used = set()
    wrong = 0
    for run in runs:
        passed = listed = 0
        for scenario, check, status, message in checks(pathlib.Path(results) / run):
            if status == "SUCCESS":
                passed += 1
            if status not in ("FAILURE", "WARNING"):
                continue
            matching = [
                line
                for line in expected
                if fnmatch.fnmatchcase(scenario, line[0]) and fnmatch.fnmatchcase(check, line[1])
            ]
            used.update(matching)
            if matching:
                listed += 1
            else:
                wrong += 1
                print(f"{run} {scenario} {check}: {status.lower()}: {message}")
        print(f"{run}: {passed} checks passed, {listed} failed as listed")
        if not passed:
            sys.exit(f"{run}: nothing was checked")
    for line in expected:
        if line not in used:
            wrong += 1
            print(f"listed, but nothing of it fails: {' '.join(line)}")
    sys.exit(1 if wrong else 0)


main()
