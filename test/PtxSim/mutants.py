"""Mistakes planted into correct PTX, one at a time: what a compiler bug or a forgotten barrier would look like.

Every mutant of a kernel must be noticed, by a fault of the simulator or by a wrong result."""

import re

# (what, pattern, replacement); each place that matches gives one mutant.
MUTATIONS = [
    ("barrier removed", r"bar(rier)?\.sync(\.aligned)?\s+[^;]*;", ""),
    ("wait removed", r"cp\.async\.wait_(group|all)[^;]*;", ""),
    ("group not committed", r"cp\.async\.commit_group;", ""),
    ("copy removed", r"(@!?%\w+\s+)?cp\.async\.c[ag]\.[^;]*;", ""),
    (".trans dropped", r"\.trans", ""),
    ("row of ldmatrix shifted", r"(ldmatrix[^\[]*\[%\w+)(\+\d+)?\]", r"\g<1>+16]"),
    ("registers of A swapped", r"(mma\.sync[^{]*\{[^}]*\},\s*\{)(%\w+), (%\w+)", r"\g<1>\g<3>, \g<2>"),
    ("registers of B swapped", r"(mma\.sync[^{]*\{[^}]*\},\s*\{[^}]*\},\s*\{)(%\w+), (%\w+)", r"\g<1>\g<3>, \g<2>"),
    ("store shifted", r"(st\.global[.\w]*\s+\[%\w+)(\+\d+)?\]", r"\g<1>+4]"),
    ("branch negated", r"@(%\w+)(\s+bra)", r"@!\g<1>\g<2>"),
    ("one iteration more", r"setp\.lt\.", "setp.le."),
    ("lane number shifted", r"(mov\.u32\s+%\w+, )%tid\.x;", r"\g<1>%laneid;"),
    ("block numbers swapped", r"%ctaid\.x", "%ctaid.y"),
]


def mutants(text: str):
    """(name, PTX) of each mistake that can be planted in `text`."""
    for what, pattern, replacement in MUTATIONS:
        for number, match in enumerate(re.finditer(pattern, text)):
            changed = match.expand(replacement)
            if changed != match.group(0):
                line = text.count("\n", 0, match.start()) + 1
                yield f"{what} (line {line}, number {number})", text[:match.start()] + changed + text[match.end():]
