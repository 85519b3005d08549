"""What a row limit may change of what psql writes: it leaves rows out, tells so, and nothing else."""

import difflib
import re

# Rows begin with this sign, so that they are told from all else.
ROW = "\x1e"
SHOWN = ("-A", "-F", "\x1f", "-R", f"\n{ROW}", "-P", "null=(null)")
# What psql asks for itself, how it shows results, and that it runs what the rows of one say.
DESCRIBES = re.compile(rb"^\\(?:a|t|x|pset|d|z|l|sf|sv|timing|watch|prompt).*$", re.MULTILINE)
RUNS_ROWS = re.compile(rb"\\(?:gexec|crosstabview\b.*)")
FOOTER = re.compile(rf"{ROW}\((\d+) rows?\)")
WARNING = re.compile(r"WARNING:  (?:01R01(?:: )?)?"
                     r"(?:result truncated to \d+ rows by pgparley row limit)?")
EXPLAINED = re.compile(r'DETAIL:  The limit is set by "|HINT:  Ask for fewer rows, or ask the admin')
# Their rows are never limited.
WHOLE = re.compile(r"\b(?:explain|show|returning)\b", re.IGNORECASE)
# What is otherwise for a reason; told, but no failure.
KNOWN = {
    "create_index": "rows that tie, in another order",
    "geometry": "an error of rows beyond the limit, which are not read",
    "inet": "an error of rows beyond the limit, which are not read",
    "join": "rows that tie, in another order",
    "psql": "ROW_COUNT and what FETCH_COUNT makes of it; errors of rows beyond the limit",
    "rules": "the rows of a rule on UPDATE are those of RETURNING",
}
# What all tables, sequences and large objects hold.
STATE = r"""
SELECT format('SELECT %L, count(*), md5(string_agg(t::text, E''\n'' ORDER BY t::text COLLATE "C"))
    FROM ONLY %I.%I t', c.oid::regclass, nspname, relname)
FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
WHERE relkind IN ('r', 'm', 'S') AND relpersistence <> 't' AND nspname !~ '^(pg_|information_schema)'
ORDER BY nspname, relname \gexec
SELECT 'large objects', md5(string_agg(data, '' ORDER BY pageno)) FROM pg_largeobject
GROUP BY loid ORDER BY 2;
"""


class Result:
    """The rows that a statement brought."""

    def __init__(self, header):
        self.header, self.rows, self.count = header, [], 0

    def add(self, line):
        """Takes one more line; whether the result is complete."""
        if footer := FOOTER.fullmatch(line):
            self.count = int(footer[1])
            return True
        if line.startswith(ROW):
            self.rows.append(line)
        else:
            self.rows[-1] += f"\n{line}"
        return False


def source(text):
    """A file without what psql asks by itself, and without what runs the rows of a result."""
    return RUNS_ROWS.sub(rb"\\g", DESCRIBES.sub(b"", text))


def read(lines):
    """Lines and results in their order, and for which of the results a warning was told."""
    items, cut, result, warned = [], set(), None, False
    for line in lines:
        if result is not None:
            if result.add(line):
                items.append(result)
                result = None
        elif line.startswith(ROW):
            result = Result(items.pop() if items else "")
            if warned:
                cut.add(len(items))
            warned = False
            if result.add(line):
                items.append(result)
                result = None
        elif WARNING.fullmatch(line):
            warned = True
        elif not EXPLAINED.match(line):
            items.append(line)
    if result is not None:
        items.append(result)
    return items, cut


def differences(outputs, limit):
    """What is otherwise in `outputs`' last but that rows beyond the limit are missing."""
    (direct, _), (again, _), (through, cut) = map(read, outputs)
    found, statement = [], ""
    shape = [[item if isinstance(item, str) else "rows" for item in items]
             for items in (direct, again, through)]
    if shape[0] != shape[2]:
        return different_lines(shape)
    for index, (whole, part) in enumerate(zip(direct, through)):
        if isinstance(whole, str):
            statement = f"{statement}\n{whole}"
            continue
        noisy = len(again) == len(direct) and vars(again[index]) != vars(whole)
        fault = fault_of(whole, part, (limit, index in cut, noisy), statement)
        if fault:
            found.append(f"{fault}: {statement.strip()[-600:]}\n  direct {whole.count}: "
                         f"{whole.rows[:limit + 1]}\n  through {part.count}: {part.rows[:limit + 1]}")
        statement = ""
    return found


def different_lines(shape):
    """Where the two are not even of one shape, as a diff without what differs by itself."""
    direct, again, through = shape
    noise = set(difflib.ndiff(direct, again)) if direct != again else set()
    diff = difflib.unified_diff(direct, through, "direct", "through", lineterm="", n=4)
    lines = [line for line in diff if not any(line[1:] == other[2:] for other in noise
                                              if other[0] in "+-")]
    return ["\n".join(lines)] if any(line[0] in "+-" for line in lines[2:]) else []


def fault_of(whole, part, seen, statement):
    """What is wrong with a result, if anything."""
    limit, was_cut, noisy = seen
    if whole.header != part.header and not noisy:
        return "another header"
    if not was_cut:
        if whole.count > limit and not WHOLE.search(statement):
            return "not limited"
        if whole.count != part.count:
            return "cut without a warning"
        return "" if noisy or same_rows(whole.rows, part.rows, statement) else "other rows"
    if re.search(r"\bfetch\b|FETCH_COUNT", statement, re.IGNORECASE):
        if part.count >= whole.count:
            return "a warning, and nothing is missing"
    elif part.count != limit or whole.count <= limit:
        return "cut elsewhere than at the limit"
    if noisy or same_rows(whole.rows[:len(part.rows)], part.rows, statement):
        return ""
    return "not the first rows"


def same_rows(whole, part, statement):
    """Rows in an order that nobody asked for may come in any, and be any."""
    return whole == part or not re.search(r"\border\s+by\b", statement, re.IGNORECASE)
