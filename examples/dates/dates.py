# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Dates as people write them, and the ISO 8601 form that is meant.

    Tues 14 Feb, 2012        2012-02-14
    3/9/99                   1999-03-09
    the fifth of March '21   2021-03-05

The rule that makes each written form mean one day:

  * a/b/c is month first; a.b.c and a-b-c are day first. Where that order gives no month (13/3/99, 3.25.2021) the other
    order is meant.
  * A number of four digits is the year, wherever it stands. Eight digits are YYYYMMDD and six are YYMMDD.
  * Otherwise a year of two digits stands last; 00-68 means 2000-2068 and 69-99 means 1969-1999.
  * The weekday, the time of day, upper and lower case, extra spaces and stray commas mean nothing.

`FORMATS` is the whole list of forms. `python3 dates.py` prints some examples of each.
"""

import datetime
import random
import zlib
from collections.abc import Callable
from typing import NamedTuple

MAX_LENGTH = 56  # characters; the longest form that FORMATS and `untidy` can give is shorter
FIRST_YEAR, LAST_YEAR = 1000, 2999
FIRST_SHORT_YEAR, LAST_SHORT_YEAR = 1969, 2068  # the century in which a year of two digits lies

MONTHS = ("January February March April May June July August September October November December").split()
ROMAN = "I II III IV V VI VII VIII IX X XI XII".split()
WEEKDAYS = (
    ("Monday", "Mon", "Mon."),
    ("Tuesday", "Tue", "Tues", "Tue."),
    ("Wednesday", "Wed", "Weds", "Wed."),
    ("Thursday", "Thu", "Thur", "Thurs", "Thu."),
    ("Friday", "Fri", "Fri."),
    ("Saturday", "Sat", "Sat."),
    ("Sunday", "Sun", "Sun."),
)
UNITS = ("first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth "
         "fifteenth sixteenth seventeenth eighteenth nineteenth twentieth").split()
ORDINALS = UNITS + ["twenty-" + unit for unit in UNITS[:9]] + ["thirtieth", "thirty-first"]


class Format(NamedTuple):
    """One written form. `template` names the fields below in braces; it is chosen `weight` times as often as others."""

    template: str
    weight: int = 2
    swapped: bool = False  # the order that is meant only where the usual one gives no month: needs a day above 12
    weekday: bool = True  # a weekday may stand in front


# {y} is any year, {yyyy} and {yy} one of four or two digits; {d} {m} are plain numbers, {dd} {mm} have two digits and
# {n} {o} either; {dth} is 5th, {word} fifth, {month} any name of the month, {roman} its Roman numeral, {time} a time.
FORMATS = (
    # Numbers only.
    Format("{yyyy}-{mm}-{dd}"), Format("{yyyy}-{o}-{n}"), Format("{yyyy}/{o}/{n}"), Format("{yyyy}.{o}.{n}"),
    Format("{yyyy} {mm} {dd}", weekday=False), Format("{yyyy}{mm}{dd}", weekday=False),
    Format("{yy}{mm}{dd}", weekday=False), Format("{yyyy}-{mm}-{dd}T{time}", weekday=False),
    Format("{yyyy}-{mm}-{dd} {time}"),
    Format("{o}/{n}/{yyyy}", 4), Format("{o}/{n}/{yy}", 4), Format("{o} / {n} / {y}", 1),
    Format("{n}/{o}/{yyyy}", 2, swapped=True), Format("{n}/{o}/{yy}", 2, swapped=True),
    Format("{n}.{o}.{yyyy}", 4), Format("{n}.{o}.{yy}", 4), Format("{n}. {o}. {y}"),
    Format("{o}.{n}.{yyyy}", 1, swapped=True), Format("{o}.{n}.{yy}", 1, swapped=True),
    Format("{n}-{o}-{yyyy}", 4), Format("{n}-{o}-{yy}", 4),
    Format("{o}-{n}-{yyyy}", 1, swapped=True), Format("{o}-{n}-{yy}", 1, swapped=True),
    # Day, month, year.
    Format("{d} {month} {y}", 4), Format("{dd} {month} {y}"), Format("{d} {month}, {y}"), Format("{d}. {month} {y}"),
    Format("{n}-{month}-{y}"), Format("{n}/{month}/{y}"), Format("{n}.{month}.{y}"), Format("{dd}{month}{y}"),
    Format("{dth} {month} {y}"), Format("{dth} {month}, {y}"), Format("{dth} of {month} {y}"),
    Format("the {dth} of {month} {y}"), Format("the {dth} of {month}, {y}"), Format("the {dth} {month} {y}", 1),
    Format("{word} of {month} {y}"), Format("the {word} of {month} {y}"), Format("the {word} of {month}, {y}"),
    Format("{n}.{roman}.{y}"), Format("{n} {roman} {y}"), Format("{n}/{roman}/{y}", 1), Format("{n}-{roman}-{y}", 1),
    # Month, day, year.
    Format("{month} {d}, {y}", 4), Format("{month} {d} {y}"), Format("{month} {dd}, {y}"), Format("{month}-{n}-{y}"),
    Format("{month}/{n}/{y}", 1), Format("{month} {dth}, {y}"), Format("{month} {dth} {y}"),
    Format("{month} the {dth}, {y}"), Format("{month} {word}, {y}"), Format("{month} the {word} {y}"),
    # Year first.
    Format("{yyyy} {month} {d}"), Format("{yyyy}, {month} {dth}", 1), Format("{yyyy}-{month}-{dd}"),
    Format("{yyyy} {d} {month}", 1),
)


def ordinal(number: int) -> str:
    """5 -> 5th, 22 -> 22nd."""
    suffix = "th" if 11 <= number <= 13 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{suffix}"


def month_name(rng: random.Random, month: int) -> str:
    """The whole name or a usual abbreviation: March, Mar, Mar."""
    name = MONTHS[month - 1]
    short = [name[:3], name[:3] + "."] if len(name) > 3 else [name]
    if name == "September":
        short += ["Sept", "Sept."]
    return name if rng.random() < 0.5 else rng.choice(short)


def fields(rng: random.Random, date: datetime.date, short_year: bool) -> dict[str, str]:
    """Every field of a template for one day. `short_year` says that two digits give the right century."""
    day, month, year = date.day, date.month, date.year
    two_digits = f"{year % 100:02}"
    return {
        "yyyy": str(year),
        "yy": two_digits,
        "y": rng.choice((two_digits, "'" + two_digits)) if short_year else str(year),
        "d": str(day), "dd": f"{day:02}", "n": rng.choice((str(day), f"{day:02}")),
        "m": str(month), "mm": f"{month:02}", "o": rng.choice((str(month), f"{month:02}")),
        "dth": ordinal(day), "word": ORDINALS[day - 1],
        "month": month_name(rng, month), "roman": ROMAN[month - 1],
        "time": f"{rng.randrange(24):02}:{rng.randrange(60):02}"
                + rng.choice(("", "", "Z", f":{rng.randrange(60):02}", f":{rng.randrange(60):02}Z")),
    }  # fmt: skip


def draw_day(rng: random.Random, fmt: Format) -> tuple[datetime.date, bool]:
    """A day that `fmt` can express, and whether {y} has two digits."""
    short_year = "{yy}" in fmt.template or ("{y}" in fmt.template and rng.random() < 0.4)
    if short_year:
        year = rng.randint(FIRST_SHORT_YEAR, LAST_SHORT_YEAR)
    else:  # recent years are more common, but any year of four digits has to work
        year = rng.randint(1900, 2099) if rng.random() < 0.6 else rng.randint(FIRST_YEAR, LAST_YEAR)
    first = datetime.date(year, 1, 1).toordinal()
    while True:
        date = datetime.date.fromordinal(first + rng.randrange(366))
        if date.year == year and (date.day > 12 or not fmt.swapped):
            return date, short_year


def untidy(rng: random.Random, text: str) -> str:
    """Changes of case, space and punctuation that mean nothing; half of the strings stay as they are."""
    if rng.random() < 0.5:
        return text
    case: Callable[[str], str] = rng.choice((str.upper, str.lower, str.title, str, str))
    text = case(text)
    if ", " in text and rng.random() < 0.4:
        text = text.replace(", ", rng.choice((" ", ",", " , ")))
    if rng.random() < 0.25:
        text = text.replace(" ", "  ", 1)
    if rng.random() < 0.25:
        text = rng.choice((" ", "  ", "")) + text + rng.choice((" ", ",", ".", " ,"))
    return text


class Example(NamedTuple):
    text: str  # as written
    iso: str  # YYYY-MM-DD
    format: Format


def draw(rng: random.Random) -> Example:
    """One example of a random form."""
    fmt = rng.choices(FORMATS, [f.weight for f in FORMATS])[0]
    date, short_year = draw_day(rng, fmt)
    text = fmt.template.format(**fields(rng, date, short_year))
    if fmt.weekday and rng.random() < 0.25:
        text = rng.choice(WEEKDAYS[date.weekday()]) + rng.choice((" ", ", ")) + text
    return Example(untidy(rng, text), date.isoformat(), fmt)


def is_held_out(text: str) -> bool:
    """Whether `text` belongs to the 2 % of all strings that training never sees, now or with another seed."""
    return zlib.crc32(text.encode("ascii")) % 50 == 0


def examples(seed: int, count: int, held_out: bool) -> list[Example]:
    """`count` examples of one side of the split; those held out are all different."""
    rng = random.Random(seed)
    found: dict[str, Example] = {}
    kept: list[Example] = []
    while len(kept) < count:
        example = draw(rng)
        if is_held_out(example.text) != held_out or (held_out and example.text in found):
            continue
        found[example.text] = example
        kept.append(example)
    return kept


def main() -> None:
    rng = random.Random(0)
    shown: dict[Format, list[Example]] = {fmt: [] for fmt in FORMATS}
    while min(map(len, shown.values())) < 3:
        example = draw(rng)
        shown[example.format].append(example)
    for fmt, drawn in shown.items():
        print(fmt.template, "(day above 12)" if fmt.swapped else "")
        for example in drawn[:3]:
            print(f"    {example.iso}  {example.text!r}")


if __name__ == "__main__":
    main()
