"""Options, the order of the runs, and what is printed."""

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path

import paths

from . import audio, jobs, machine, measures, table

MEASURES = ("wer", "encoder", "long", "short", "clip", "memory")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/compare",
        description="Word error rate, times and memory of npuscribe and faster-whisper on the same files.",
    )
    parser.add_argument("--only", action="append", choices=MEASURES, help="measure only this; may be repeated")
    parser.add_argument("--quick", action="store_true", help="run each job once, with fewer precisions and only one order of the long file")
    parser.add_argument("--contender", action="append", default=[], help="run only contenders whose name contains this; may be repeated")
    parser.add_argument("--repeat", type=int, default=3, help="number of runs, of which the median counts (default: 3)")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)), help="threads of both programs (default: one for each CPU)")
    parser.add_argument("--beam-size", type=int, default=1, help="beam size of both programs (default: 1, greedy)")
    parser.add_argument("--model", default="base", help="name of a fetched model, or a CTranslate2 directory")
    parser.add_argument("--audio", type=Path, help="directory with a MANIFEST.tsv (default: ../shared/audio)")
    parser.add_argument("--npuscribe", type=Path, help="the program (default: build/release/npuscribe, which is built first)")
    parser.add_argument("--json", type=Path, help="write all numbers to this file")
    parser.add_argument("--markdown", type=Path, help="write the table to this file, as Markdown")
    parser.add_argument("--readme", action="store_true", help="put the table into README.md")
    parser.add_argument("--check", action="store_true", help="fail if a goal is missed")
    arguments = parser.parse_args()
    if arguments.repeat < 1 or arguments.threads < 1 or arguments.beam_size < 1:
        parser.error("--repeat, --threads and --beam-size are at least 1")
    return arguments


def main() -> None:
    arguments = parse_arguments()
    directory = arguments.audio or paths.shared_audio()
    model = paths.model_directory(arguments.model)
    settings = jobs.Settings(
        npuscribe=arguments.npuscribe or paths.RELEASE / "npuscribe",
        model=model,
        threads=arguments.threads,
        beam_size=arguments.beam_size,
    )
    repeat = 1 if arguments.quick else arguments.repeat
    with tempfile.TemporaryDirectory() as scratch:
        comparison = measures.measure(
            audio.read_manifest(directory.resolve()),
            settings,
            contenders=jobs.choose(arguments.contender, arguments.quick),
            wanted=set(arguments.only or MEASURES),
            repeat=repeat,
            quick=arguments.quick,
            scratch=Path(scratch),
        )

    what = machine.describe(settings.npuscribe, settings.threads)
    notes = measures.notes(what, settings, repeat)
    header, rows = comparison.as_rows()
    goals = comparison.goals()
    print(table.as_text(header, rows), "", *notes, "", *map(str, goals), sep="\n")
    markdown = "\n\n".join([table.as_markdown(header, rows), " ".join(notes)])
    if arguments.markdown:
        arguments.markdown.write_text(markdown + "\n", encoding="utf-8")
    if arguments.readme:
        table.replace_block(paths.ROOT / "README.md", markdown)
    if arguments.json:
        numbers = {
            "machine": what,
            "model": model.name,
            "beam_size": settings.beam_size,
            "contenders": comparison.as_json(),
            "goals": [vars(goal) for goal in goals],
        }
        arguments.json.write_text(json.dumps(numbers, indent=2) + "\n", encoding="utf-8")
    if arguments.check and not all(goal.reached for goal in goals):
        sys.exit(1)


if __name__ == "__main__":
    main()
