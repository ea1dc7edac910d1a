#!/usr/bin/python3
"""deploy/LICENSES.md against the installed packages: every package we list has a row, and every row names a licence that
the package's own copyright file names.

    licences.py ROOT
"""

import os
import re
import subprocess
import sys

# Tools of the machine itself, neither linked nor shipped nor peculiar to us.
NEED_NO_ROW = {"ca-certificates", "libc6-dev", "git", "procps", "iproute2", "man-db", "libclang-rt-14-dev", "rsync",
               "openssh-client"}
# The -dev package of a library that has a row; clang is covered by clang-14.
DEV = re.compile(r"-dev$")


def rows(text):
    return [tuple(cell.strip() for cell in line.strip("|\n").split("|")[:2])
            for line in text.split("\n") if re.match(r"^\| [a-z]", line)]


def copyright_text(package):
    path = f"/usr/share/doc/{package}/copyright"
    if not os.path.exists(path):
        return None
    with open(path, errors="replace") as file:
        return file.read()


def library_of(package, named):
    """libuv1-dev is covered by libuv1: the package that its copyright file is shared with, or the name's beginning."""
    stem = DEV.sub("", package)
    return any(name == stem or name.startswith(stem) or stem.startswith(name) for name in named)


def main():
    root = sys.argv[1]
    with open(os.path.join(root, "deploy/LICENSES.md")) as file:
        table = rows(file.read())
    with open(os.path.join(root, "deploy/packages.txt")) as file:
        packages = [line.split()[1] for line in file if line.strip() and not line.startswith("#")]
    named = {name for name, _ in table}
    wrong, compared = [], 0
    for name, licence in table:
        text = copyright_text(name)
        if text is None:
            installed = subprocess.run(["dpkg-query", "-W", name], capture_output=True).returncode == 0
            if installed:
                wrong.append(f"{name}: installed, but without a copyright file")
            continue
        compared += 1
        if licence.lower() not in text.lower():
            wrong.append(f"{name}: its copyright file does not name {licence}")
    for package in packages:
        if package not in named and package not in NEED_NO_ROW and not (library_of(package, named)):
            wrong.append(f"{package}: listed in packages.txt, but not in LICENSES.md")
    if compared < 8:
        wrong.append(f"only {compared} copyright files could be compared")
    for line in wrong:
        print(line)
    print(f"licences: {len(table)} rows, {compared} compared, {len(wrong)} complaints")
    sys.exit(1 if wrong else 0)


main()
