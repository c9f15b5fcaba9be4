"""Runs every test of Tilewright and prints one closing line: 'N passed, N failed, N skipped'.

The tests are lit's (test/, unit programs included). Skipped tests are listed with their number; a failed test prints its output."""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

PASSED = {"PASS", "FLAKYPASS", "XFAIL"}
SKIPPED = {"UNSUPPORTED", "SKIPPED", "EXCLUDED"}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, default=pathlib.Path("build"))
    parser.add_argument("--filter", default="", help="regular expression of test names")
    arguments = parser.parse_args()

    with tempfile.TemporaryDirectory() as folder:
        report = pathlib.Path(folder) / "report.json"
        suites = [arguments.build / "test", arguments.build / "test/Unit"]
        command = ["lit-22", "-sv", "-o", str(report), *map(str, suites)]
        if arguments.filter:
            command += ["--filter", arguments.filter]
        subprocess.run(command, check=False)
        if not report.exists():
            print("error: lit did not run", file=sys.stderr)
            return 1
        tests = json.loads(report.read_text())["tests"]

    skipped = [test["name"] for test in tests if test["code"] in SKIPPED]
    passed = sum(test["code"] in PASSED for test in tests)
    failed = len(tests) - passed - len(skipped)
    for name in skipped:
        print(f"SKIPPED: {name}")
    print(f"{passed} passed, {failed} failed, {len(skipped)} skipped")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
