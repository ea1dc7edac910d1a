#!/usr/bin/python3
"""Writes common/pinyin_table.c: the first letter of the Mandarin reading of each character from U+4E00 to U+9FFF.

    pinyin_table.py [Unihan_Readings.txt.bz2] > common/pinyin_table.c

The readings are Unicode's (Unihan, field kMandarin, the first where there are two), as Debian's package unicode-data has them.
"""

import bz2
import re
import sys
import unicodedata

FIRST, LAST, ROW = 0x4E00, 0x9FFF, 112
SOURCE = "/usr/share/unicode/Unihan_Readings.txt.bz2"


def letter_of(reading):
    letter = unicodedata.normalize("NFD", reading)[0].lower()
    return letter if re.fullmatch("[a-z]", letter) else "-"


def letters(path):
    found = {}
    with bz2.open(path, "rt", encoding="utf-8") as file:
        for line in file:
            words = line.rstrip("\n").split("\t")
            if len(words) == 3 and words[1] == "kMandarin":
                found[int(words[0][2:], 16)] = letter_of(words[2].split()[0])
    return "".join(found.get(code, "-") for code in range(FIRST, LAST + 1))


def main():
    text = letters(sys.argv[1] if len(sys.argv) > 1 else SOURCE)
    print("/* Made by common/pinyin_table.py from Unihan_Readings of the Unicode character database 15.0, kMandarin: one letter")
    print(" * for each character from U+4E00 on, - where no reading is known. Copyright 2022 Unicode, Inc.; see LICENSES.md. */")
    print('#include "common/pinyin_table.h"\n')
    print("const char gj_pinyin_letters[GJ_PINYIN_COUNT + 1] =")
    rows = [text[at:at + ROW] for at in range(0, len(text), ROW)]
    for at, row in enumerate(rows):
        print(f'    "{row}"' + (";" if at == len(rows) - 1 else ""))


if __name__ == "__main__":
    main()
