"""The measures: from which runs each is computed, and how it is shown."""

import sys
from dataclasses import dataclass, field
from pathlib import Path

from . import audio, jobs, wer

OTHER_ORDERS = 6  # where a file is cut into windows changes single words; more orders say more than one
# Word error rates: key, what was transcribed.
WORDS = [
    ("wer_short", "short files"),
    ("wer_long", "long file"),
    ("wer_orders", f"long file in {OTHER_ORDERS + 1} orders"),
]
WORD_KEYS = [*(key for key, _ in WORDS), "wer_all", "left_out"]
# Key, heading, how a value is written.
COLUMNS = [
    *((key, f"WER, {what}", lambda v: f"{v:.2f} %") for key, what in WORDS),
    ("wer_all", "WER, all", lambda v: f"{v:.2f} %"),
    ("left_out", f"words left out, {wer.LEFT_OUT} or more at once", lambda v: f"{v:.0f}"),
    ("encoder", "encoder, 30 s window", lambda v: f"{1000 * v:.0f} ms"),
    ("long", "long file", lambda v: f"{v:.1f} s"),
    ("short", "short files", lambda v: f"{v:.1f} s"),
    ("clip", "one clip, whole process", lambda v: f"{v:.2f} s"),
    ("cpu", "CPU time for an hour of audio", lambda v: f"{v:.0f} s"),
    ("memory", "peak memory, long file", lambda v: f"{v / 2**20:.0f} MiB"),
]


OURS, FULL = "npuscribe bfp16", "npuscribe bfp16, full context"
THEIRS, BATCHED = "faster-whisper int8", "faster-whisper int8, batched 8"
# As they come.
DEFAULT, DEFAULT_THEIRS, DEFAULT_BATCHED = "npuscribe", "faster-whisper", "faster-whisper, batched"
OPENVINO = "OpenVINO GenAI"


@dataclass
class Goal:
    text: str
    reached: bool

    def __str__(self) -> str:
        return f"{'reached' if self.reached else 'MISSED '}  {self.text}"


@dataclass
class Comparison:
    """values[contender][key], with the keys of COLUMNS."""

    values: dict[jobs.Contender, dict[str, float]] = field(default_factory=dict)
    words: dict[jobs.Contender, wer.ErrorRate] = field(default_factory=dict)  # of all sets together
    isa: str | None = None  # that all contenders were held to

    def add_to_all(self, contender: jobs.Contender, rate: wer.ErrorRate) -> None:
        """Counts a set that is no part of another."""
        self.words[contender] = self.words.get(contender, wer.ErrorRate()) + rate
        self.add(contender, "wer_all", self.words[contender].percent)
        self.add(contender, "left_out", self.words[contender].left_out)

    def add(self, contender: jobs.Contender, key: str, value: float) -> None:
        self.values.setdefault(contender, {})[key] = value

    def get(self, name: str, key: str) -> float | None:
        return next((v[key] for c, v in self.values.items() if c.name == name and key in v), None)

    def as_rows(self) -> tuple[list[str], list[list[str]]]:
        """One row for each contender, without columns that are empty in every row."""
        columns = [c for c in COLUMNS if any(c[0] in values for values in self.values.values())]
        rows = [
            [contender.name] + [write(values[key]) if key in values else "" for key, _, write in columns]
            for contender, values in self.values.items()
        ]
        return ["", *(heading for _, heading, _ in columns)], rows

    def as_json(self) -> dict[str, dict[str, float]]:
        return {contender.name: values for contender, values in self.values.items()}

    def goals(self) -> list[Goal]:
        """The contenders that have numbers."""
        found: list[Goal] = []

        def no_worse(key: str, where: str, ours_name: str, theirs_name: str, slack: float = 0) -> None:
            ours, theirs = self.get(ours_name, key), self.get(theirs_name, key)
            if ours is None or theirs is None:
                return
            within = f"within {slack} points of" if slack else "no worse than"
            text = f"{where}: WER of {ours_name} {ours:.2f} %, {within} {theirs_name}'s {theirs:.2f} %"
            found.append(Goal(text, ours <= theirs + slack))

        def ratio(key: str, what: str, ours_name: str, theirs_name: str, most: float) -> None:
            ours, theirs = self.get(ours_name, key), self.get(theirs_name, key)
            if ours is None or theirs is None:
                return
            text = f"{what}: {ours_name} takes {ours / theirs:.2f} of {theirs_name}'s time, at most {most}"
            found.append(Goal(text, ours <= most * theirs))

        def at_most(key: str, what: str, most: float, unit: str, scale: float) -> None:
            ours = self.get(OURS, key)
            if ours is not None:
                found.append(Goal(f"{what}: {ours / scale:.2f} {unit}, at most {most}", ours <= most * scale))

        for theirs in (DEFAULT_THEIRS, OPENVINO):
            no_worse("wer_all", "all sets", DEFAULT, theirs)
            for key, where in WORDS:
                no_worse(key, where, DEFAULT, theirs, 0.3)
        if self.isa == "avx2":
            ratio("encoder", "encoder", OURS, THEIRS, 0.85)
            ratio("long", "long file", OURS, BATCHED, 0.65)
            ratio("short", "short files", OURS, THEIRS, 0.30)
            return found
        ratio("long", "long file", DEFAULT, DEFAULT_BATCHED, 0.36)
        ratio("short", "short files", DEFAULT, DEFAULT_THEIRS, 0.14)
        for key, where in WORDS:
            no_worse(key, where, OURS, "faster-whisper float32", 0.3)
            no_worse(key, where, OURS, THEIRS)
            no_worse(key, where, OURS, FULL, 0.2)
            no_worse(key, where, "npuscribe int8", THEIRS)
        ratio("encoder", "encoder", OURS, THEIRS, 0.42)
        ratio("long", "long file", OURS, BATCHED, 0.27)
        ratio("long", "long file", "npuscribe int8", BATCHED, 0.22)
        ratio("short", "short files", OURS, THEIRS, 0.16)
        ratio("short", "short files", FULL, THEIRS, 0.28)
        at_most("clip", "one clip, the whole process", 0.6, "s", 1)
        at_most("memory", "peak memory on the long file", 340, "MiB", 2**20)
        return found


def measure(
    files: audio.AudioSet,
    settings: jobs.Settings,
    contenders: list[jobs.Contender],
    wanted: set[str],
    repeat: int,
    quick: bool,
    scratch: Path,
    measured: dict[str, dict[str, float]],
) -> Comparison:
    """Batched contenders only get the long file: a short one is a single window. Words that were measured before, by the
    contender's name, are not measured again."""
    comparison = Comparison({contender: dict(measured.get(contender.name, {})) for contender in contenders}, isa=settings.isa)
    single = [contender for contender in contenders if not contender.batched]

    def rounds(*timed: str) -> int:  # a word error rate needs no second run
        return repeat if wanted.intersection(timed) else 1

    if wanted & {"wer", "short"} and files.short:
        say(f"{len(files.short)} short files")
        able = single if "short" in wanted else [c for c in single if c.name not in measured]
        runs = jobs.run_interleaved(able, list(files.short), settings, rounds("short"))
        add_runs(comparison, runs, wanted, "short", files.short, measured)
    if wanted & {"wer", "long", "memory"} and files.long:
        say("The long file")
        able = contenders if wanted & {"long", "memory"} else [c for c in contenders if c.name not in measured]
        runs = jobs.run_interleaved(able, list(files.long), settings, rounds("long", "memory"))
        add_runs(comparison, runs, wanted, "long", files.long, measured)
        if "wer" in wanted and not quick:
            new = {contender: results for contender, results in runs.items() if contender.name not in measured}
            add_orders(comparison, new, files.long, settings, scratch)
        seconds = next((r.audio_seconds for results in runs.values() for r in results if r.audio_seconds), None)
        if "long" in wanted and seconds:
            for contender, results in runs.items():
                comparison.add(contender, "cpu", 3600 * jobs.median(results, "cpu") / seconds)
        if "memory" in wanted:
            for contender, results in runs.items():
                comparison.add(contender, "memory", jobs.median(results, "peak_memory"))
    if "encoder" in wanted and (files.long or files.short):
        say("The encoder, on a 30 s window")
        window = scratch / "window.wav"
        audio.cut_window(next(iter(files.long or files.short)), window)
        able = [contender for contender in single if contender.program in jobs.HAS_ENCODER_CALL]
        for contender, results in jobs.run_interleaved(able, [window], settings, repeat, encoder=True).items():
            comparison.add(contender, "encoder", jobs.median(results, "encoder"))
    if "clip" in wanted and files.clip:
        say("One clip, the whole process")
        for contender, results in jobs.run_interleaved(single, [files.clip], settings, repeat).items():
            comparison.add(contender, "clip", jobs.median(results, "wall"))
    return comparison


def add_runs(
    comparison: Comparison,
    runs: dict[jobs.Contender, list[jobs.Result]],
    wanted: set[str],
    key: str,
    references: dict[Path, str],
    measured: dict[str, dict[str, float]],
) -> None:
    for contender, results in runs.items():
        if key in wanted:
            comparison.add(contender, key, jobs.median(results, "work"))
        if "wer" in wanted and contender.name not in measured:
            rate = wer.error_rate(references, results[0].texts)
            comparison.add(contender, f"wer_{key}", rate.percent)
            comparison.add_to_all(contender, rate)


def add_orders(
    comparison: Comparison,
    runs: dict[jobs.Contender, list[jobs.Result]],
    references: dict[Path, str],
    settings: jobs.Settings,
    scratch: Path,
) -> None:
    """The word error rate of the long files together with their utterances in other orders."""
    reordered: dict[Path, str] = {}
    for file in references:
        reordered |= audio.reorder(file, scratch, OTHER_ORDERS)
    if not reordered:
        return
    say(f"The long file's utterances in {OTHER_ORDERS} other orders")
    for contender, results in jobs.run_interleaved(list(runs), list(reordered), settings, 1).items():
        others = wer.error_rate(reordered, results[0].texts)
        comparison.add(contender, "wer_orders", (wer.error_rate(references, runs[contender][0].texts) + others).percent)
        comparison.add_to_all(contender, others)


def title(settings: jobs.Settings) -> str:
    if settings.beam_size == 0:
        return "Each program as it comes"
    return "The same settings for all: " + ("greedy" if settings.beam_size == 1 else f"{settings.beam_size} beams")


def notes(
    what: dict[str, str | int], settings: jobs.Settings, contenders: list[jobs.Contender], repeat: int
) -> list[str]:
    times = f"median of {repeat} interleaved runs" if repeat > 1 else "of one run"
    versions = f"npuscribe {what['npuscribe']}; faster-whisper {what['faster-whisper']} on CTranslate2 {what['ctranslate2']}"
    if any(contender.program == "openvino" for contender in contenders):
        versions += f"; OpenVINO GenAI {what['openvino-genai']}"
    found = [
        f"{what['cpu']} ({what['cpu_extensions']}), {what['threads']} threads of {what['cpus']} CPUs; model"
        f" {settings.model.name}, language en. {versions}.",
        f"Times: {times}, without loading the model; the clip's is the whole process's.",
    ]
    if settings.beam_size == 0:
        found.append(
            "Nothing but the model, the language and the number of threads is set; the other programs compute in int8, their"
            " fastest. faster-whisper and its batched pipeline search with 5 beams, OpenVINO GenAI is greedy."
        )
    else:
        found.append(
            "faster-whisper is set to what npuscribe does by default: voice activity detection, timestamps, no context"
            " across windows. Both decode again at a higher temperature by OpenAI's thresholds. faster-whisper's batched"
            " pipeline and OpenVINO GenAI are run as they come: without timestamps, at temperature 0 alone."
        )
    return found


def say(text: str) -> None:
    print(f"== {text}", file=sys.stderr)
