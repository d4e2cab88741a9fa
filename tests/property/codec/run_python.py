"""Runs the comparison with fastavro in an environment of its own under the build directory.

Ends with 77 (skipped) if the environment cannot be made because no package index can be reached.

SPDX-License-Identifier: Apache-2.0
"""
import pathlib
import subprocess
import sys

SKIPPED = 77
PACKAGE = "fastavro>=1.9,<2"


def environment(folder):
    """The Python of the environment, or None if it cannot be made."""
    python = folder / "bin" / "python"
    probe = [python, "-c", "import fastavro"]
    if python.exists() and subprocess.run(probe, check=False).returncode == 0:
        return python
    steps = ([sys.executable, "-m", "venv", "--clear", folder],
             [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
              "--only-binary", ":all:", PACKAGE])
    for step in steps:
        done = subprocess.run(step, check=False, capture_output=True, text=True)
        if done.returncode != 0:
            print(f"skipped: cannot install {PACKAGE}:\n{done.stdout}{done.stderr}")
            return None
    return python


def main():
    program, build, seed, pairs = sys.argv[1:5]
    folder = pathlib.Path(build)
    folder.mkdir(parents=True, exist_ok=True)
    python = environment(folder / "venv")
    if python is None:
        return SKIPPED
    cases = folder / "cases.jsonl"
    with open(cases, "wb") as out:
        subprocess.run([program, seed, pairs], check=True, stdout=out)
    print(f"seed {seed}, {pairs} pairs of schemas a record type", flush=True)
    script = pathlib.Path(__file__).with_name("compare.py")
    return subprocess.run([python, script, cases], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
