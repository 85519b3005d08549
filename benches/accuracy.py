#!/usr/bin/env python3
"""How many questions are answered, and how many of the answers are right.

Loads databases with questions whose answers are known into a throwaway PostgreSQL, puts the questions
through `pgparley eval`, and writes the figures between the markers of docs/accuracy.md. Without a
model everything is deterministic, so the same data give the same figures (but for the times).

The data are a directory with db/NAME.sql, questions.jsonl and unanswerable.jsonl; they are not part of
the project. With --model the translator is an [llm.NAME] of --config.
"""

import argparse
import json
import pathlib
import re
import signal
import subprocess
import sys

from throwaway import ROOT, BenchError, Machine, postgres_directory, program, start_postgres

ACCURACY = ROOT / "docs/accuracy.md"
# Databases without rows: only the choice of tables can be judged there.
RETRIEVAL = ("spider_mega", "fiben")


def load(port, data):
    """A database for each file of `data`, its statistics gathered."""
    psql = program("psql", postgres_directory())
    def run(database, *arguments):
        command = [psql, "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", str(port),
                   "-U", "bench", "-d", database, *arguments]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise BenchError(f"{database}: {done.stderr[-2000:]}")
    for path in sorted((data / "db").glob("*.sql")):
        name, comments = path.name.removesuffix(".sql"), path.with_suffix(".comments.sql")
        if name.endswith(".comments"):
            continue
        run("postgres", "-c", f'CREATE DATABASE "{name}"')
        run(name, "-f", str(path))
        if comments.exists():
            run(name, "-f", str(comments))
        run(name, "-c", "ANALYZE")


def grouped(data):
    """Every question with the set it belongs to."""
    for file in ("questions.jsonl", "unanswerable.jsonl"):
        for line in (data / file).read_text().splitlines():
            question = json.loads(line)
            source = question["db"].split("_")[0]
            if question["db"] in RETRIEVAL:
                question["set"] = question["db"]
            elif question.get("expect") == "abstain":
                question["set"] = "unanswerable"
            elif source == "spider":
                question["set"] = f"spider, {question['hardness']}"
            else:
                question["set"] = source
            yield question


def evaluate(port, questions, directory, options, *more):
    """The table that `pgparley eval` prints for these questions."""
    path = directory / "questions.jsonl"
    path.write_text("".join(json.dumps(question) + "\n" for question in questions))
    command = [options.pgparley, "eval", "--url", f"postgres://bench@127.0.0.1:{port}/postgres",
               "--questions", path, "--by", "set", *more]
    if options.model:
        command += ["--model", options.model, "--config", options.config]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise BenchError("pgparley eval failed")
    print(done.stdout, flush=True)
    return done.stdout


def record(figures):
    """Puts each table between its markers."""
    text = ACCURACY.read_text()
    for name, table in figures.items():
        marked = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end -->)", re.DOTALL)
        if not marked.search(text):
            raise BenchError(f"{ACCURACY} has no place for {name}")
        text = marked.sub(lambda found: f"{found[1]}\n{table.strip()}\n\n{found[2]}", text)
    ACCURACY.write_text(text)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=pathlib.Path, default=ROOT.parent / "shared/eval")
    parser.add_argument("--model", help="an [llm.NAME] of --config; builtin otherwise")
    parser.add_argument("--config", type=pathlib.Path)
    parser.add_argument("--dry-run", action="store_true", help="print the figures, record none")
    parser.add_argument("--pgparley", type=pathlib.Path, default=ROOT / "target/release/pgparley")
    options = parser.parse_args()
    if bool(options.model) != bool(options.config):
        parser.error("--model and --config go together")
    return options


def main():
    options = parse_arguments()
    if not (options.data / "questions.jsonl").exists():
        sys.exit(f"accuracy: no questions in {options.data}: --data DIRECTORY")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    machine = Machine()
    try:
        port = start_postgres(machine, {"max_connections": 200})
        load(port, options.data)
        questions = list(grouped(options.data))
        without_rows = [question for question in questions if question["db"] in RETRIEVAL]
        with_rows = [question for question in questions if question["db"] not in RETRIEVAL]
        figures = {}
        if not options.model:
            figures["retrieval"] = evaluate(port, without_rows, machine.directory, options,
                                            "--stage", "retrieve")
            figures["prompts"] = evaluate(port, without_rows, machine.directory, options,
                                          "--stage", "prompt")
        figures[options.model or "builtin"] = evaluate(port, with_rows, machine.directory, options)
        if not options.dry_run and not options.model:
            record(figures)
    except BenchError as error:
        sys.exit(f"accuracy: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        machine.stop()


if __name__ == "__main__":
    main()
