#!/usr/bin/python3
"""Puts the results of the long tests together: long_result.py RESULTS-FOLDER TARGET-FOLDER."""

import copy
import glob
import json
import os
import subprocess
import sys
import time


def title(line):
    """What a line of the benchmark, or a table in it, is about; the figures follow."""
    return " ".join(str(line.pop(key)) for key in ("peer", "settings", "mode", "clients", "table") if key in line)


def flat(value, name=""):
    if isinstance(value, dict) and "leaf_pages" in value:  # of a table the page count and fill are in the JSON
        yield f"{name}.bytes_per_ticket", value["bytes_per_ticket"]
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from flat(inner, f"{name}.{key}" if name else key)
    elif isinstance(value, list) and any(isinstance(inner, dict) for inner in value):
        for at, inner in enumerate(value):
            yield from flat(inner, " ".join(filter(None, (name, title(inner) or str(at)))))
    elif isinstance(value, list):
        yield name, ", ".join(map(str, value))
    else:
        yield name, value


def commit_of(folder):
    done = subprocess.run(["git", "-C", folder, "rev-parse", "--short", "HEAD"], capture_output=True, text=True)
    return done.stdout.strip() or "unknown"


def main():
    results, target = sys.argv[1:]
    parts = {}
    for path in sorted(glob.glob(os.path.join(results, "*.json"))):
        with open(path) as file:
            parts[os.path.basename(path)[:-5]] = json.load(file)
    lines = os.path.join(results, "bench.lines")
    if os.path.exists(lines):
        with open(lines) as file:
            parts["bench"] = [json.loads(line) for line in file if line.startswith("{")]
    if not parts:
        sys.exit("no part of the long tests left a result")
    whole = {"at": time.strftime("%Y-%m-%dT%H:%MZ", time.gmtime()), "commit": commit_of(target), "cores": os.cpu_count(), **parts}
    with open(os.path.join(target, "long.result.json"), "w") as file:
        json.dump(whole, file, indent=1)
        file.write("\n")
    with open(os.path.join(target, "long.result.md"), "w") as file:
        file.write(f"# Last run of the long tests\n\n{whole['at']}, commit {whole['commit']}, {whole['cores']} cores.\n")
        for part, result in parts.items():
            file.write(f"\n## {part}\n\n| figure | value |\n|---|---|\n")
            file.writelines(f"| {name} | {value} |\n" for name, value in flat(copy.deepcopy(result)))


main()
