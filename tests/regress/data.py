"""Data files like those of PostgreSQL's suite, which its packages of SQL alone do not carry."""


def write_data(folder):
    """Data files like the suite's: the same columns, the same relations between them."""
    folder.mkdir(parents=True)
    for name, rows in (("onek", 1000), ("tenk", 10000)):
        with (folder / f"{name}.data").open("w") as file:
            for second in range(rows):
                first = second * 7919 % rows
                numbers = (first, second, first % 2, first % 4, first % 10, first % 20,
                           first % 100, first % 1000, first % 2000, first % 5000, first,
                           first % 100 * 2 + 1, first % 100 * 2)
                texts = (letters(first), letters(second), ("AAAAxx", "HHHHxx", "OOOOxx",
                                                           "VVVVxx")[second % 4])
                file.write("\t".join(map(str, numbers + texts)) + "\n")
    (folder / "person.data").write_text("mike\t40\t(3.1,6.2)\njoe\t20\t(5.5,2.5)\n")
    (folder / "emp.data").write_text("sharon\t25\t(15,12)\t1000\tsam\nsam\t30\t(10,5)\t2000\tbill\n")
    (folder / "student.data").write_text("fred\t28\t(3.1,-1.5)\t3.7\n")
    (folder / "stud_emp.data").write_text("jeff\t23\t(8,7.7)\t600\tsharon\t3.5\t\\N\n")
    (folder / "streets.data").write_text("I- 580\t[(-122,37),(-121,36)]\n"
                                         "State Hwy 92\t[(-120,37),(-121,38)]\n")


def letters(number):
    """A number in the suite's own alphabetic notation."""
    found = ""
    for _ in range(4):
        number, digit = divmod(number, 26)
        found = found + chr(ord("A") + digit)
    return found + "xx"
