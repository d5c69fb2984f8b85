"""Options, the order of the runs, and what is printed."""

import argparse
import dataclasses
import json
import os
import sys
import tempfile
from pathlib import Path

import paths

from . import audio, jobs, machine, measures, openvino_installation, table, whisper_cpp

MEASURES = ("wer", "encoder", "long", "short", "clip", "memory")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/compare",
        description="Word error rate, times and memory of npuscribe and other programs on the same files: first each as it comes, then all with the same settings.",
    )
    parser.add_argument("--only", action="append", choices=MEASURES, help="measure only this; may be repeated")
    parser.add_argument("--quick", action="store_true", help="run each job once, with fewer precisions and only one order of the long file")
    parser.add_argument("--contender", action="append", default=[], help="run only contenders whose name contains this; may be repeated")
    parser.add_argument("--repeat", type=int, default=3, help="number of runs, of which the median counts (default: 3)")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)), help="threads of both programs (default: one for each CPU)")
    parser.add_argument("--settings", choices=("defaults", "same", "both"), default="both", help="each program as it comes, all with the same settings, or one after the other (default: both)")
    parser.add_argument("--beam-size", type=int, default=5, help="beam size where the settings are the same (default: 5; 1 is greedy)")
    parser.add_argument("--isa", choices=tuple(jobs.ISA_CAPS), help="hold npuscribe and faster-whisper to this instruction set, as on CPUs that have no newer one")
    parser.add_argument("--with", dest="extra", action="append", choices=("openvino",), default=[], help="measure OpenVINO GenAI, too: installs some gigabytes under build/")
    parser.add_argument("--model", default="base", help="name of a fetched model, or a CTranslate2 directory")
    parser.add_argument("--audio", type=Path, help="directory with a MANIFEST.tsv (default: ../shared/audio)")
    parser.add_argument("--npuscribe", type=Path, help="the program (default: build/release/npuscribe, which is built first)")
    parser.add_argument("--json", type=Path, help="write all numbers to this file")
    parser.add_argument("--measured", type=Path, action="append", default=[], help="take what this file, which --json wrote on this machine, has of the word error rates instead of measuring it again: words do not depend on what else runs; may be repeated")
    parser.add_argument("--markdown", type=Path, help="write the table to this file, as Markdown")
    parser.add_argument("--readme", action="store_true", help="put the table into README.md")
    parser.add_argument("--check", action="store_true", help="fail if a goal is missed")
    arguments = parser.parse_args()
    if arguments.isa and arguments.extra:
        parser.error("--isa holds npuscribe and faster-whisper alone: leave out --with")
    if arguments.repeat < 1 or arguments.threads < 1 or arguments.beam_size < 1:
        parser.error("--repeat, --threads and --beam-size are at least 1")
    return arguments


def measured_words(files: list[Path], key: str, what: dict[str, str | int], model: str) -> dict[str, dict[str, float]]:
    """The word error rates of each contender in files that --json wrote. Exits if one is of another machine, version or model."""
    found: dict[str, dict[str, float]] = {}
    for file in files:
        numbers = json.loads(file.read_text(encoding="utf-8"))
        if (numbers["machine"], numbers["model"]) != (what, model):
            sys.exit(f"{file} was measured with {numbers['model']} on {numbers['machine']}, and this is {model} on {what}: measure again")
        for contender, values in numbers.get(key, {"contenders": {}})["contenders"].items():
            found[contender] = {measure: values[measure] for measure in measures.WORD_KEYS if measure in values}
    return found


def main() -> None:
    arguments = parse_arguments()
    directory = arguments.audio or paths.shared_audio()
    model = paths.model_directory(arguments.model)
    common = jobs.Settings(
        npuscribe=arguments.npuscribe or paths.RELEASE / "npuscribe",
        model=model,
        threads=arguments.threads,
        beam_size=0,
        openvino=openvino_installation.install(model) if "openvino" in arguments.extra else None,
        whisper_cpp=None if arguments.isa else whisper_cpp.find(model.name),
        isa=arguments.isa,
    )
    beam_sizes = {"defaults": [0], "same": [arguments.beam_size], "both": [0, arguments.beam_size]}[arguments.settings]
    repeat = 1 if arguments.quick else arguments.repeat
    what = machine.describe(common)
    markdown, goals, numbers = [], [], {"machine": what, "model": model.name}
    for beam_size in beam_sizes:
        settings = dataclasses.replace(common, beam_size=beam_size)
        contenders = jobs.choose(settings, arguments.contender, arguments.quick)
        if not contenders:
            continue
        key = f"same, beam {beam_size}" if beam_size else "defaults"
        with tempfile.TemporaryDirectory() as scratch:
            comparison = measures.measure(
                audio.read_manifest(directory.resolve()),
                settings,
                contenders=contenders,
                wanted=set(arguments.only or MEASURES),
                repeat=repeat,
                quick=arguments.quick,
                scratch=Path(scratch),
                measured=measured_words(arguments.measured, key, what, model.name),
            )
        title, notes = measures.title(settings), measures.notes(what, settings, contenders, repeat)
        header, rows = comparison.as_rows()
        reached = comparison.goals()
        print(title, "", table.as_text(header, rows), "", *notes, "", *map(str, reached), "", sep="\n", flush=True)
        markdown += [f"**{title}**", table.as_markdown(header, rows), " ".join(notes)]
        goals += reached
        numbers[key] = {"contenders": comparison.as_json(), "goals": [vars(goal) for goal in reached]}
    if not markdown:
        sys.exit(f"no contender's name contains {' or '.join(arguments.contender)}")
    text = "\n\n".join(markdown)
    if arguments.markdown:
        arguments.markdown.write_text(text + "\n", encoding="utf-8")
    if arguments.readme:
        table.replace_block(paths.ROOT / "README.md", text)
    if arguments.json:
        arguments.json.write_text(json.dumps(numbers, indent=2) + "\n", encoding="utf-8")
    if arguments.check and not all(goal.reached for goal in goals):
        sys.exit(1)


if __name__ == "__main__":
    main()
