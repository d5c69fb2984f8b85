#!/usr/bin/env python3
"""Writes subtitles.json: words with times, and what openai-whisper's own writers make of them.

    make_subtitles.py WHISPER/utils.py > subtitles.json

utils.py is that of openai/whisper, 2025; the module is loaded alone and needs nothing that is not in the standard library.
"""

import importlib.util
import io
import json
import random
import sys

TEXTS = [
    " And so, my fellow Americans, ask not what your country can do for you.",
    " Ask what you can do for your country.",
    " Incomprehensibilities antidisestablishmentarianism of the twentieth century",
    " Äpfel, Öl und süße Grüße an 日本語 und naïve Leser, bitte!",
    " One.",
    " Then after a long silence he went on to say the same thing again, and again.",
]
CASES = [
    {"highlight_words": True},
    {"max_line_width": 20},
    {"max_line_width": 20, "max_line_count": 1},
    {"max_line_width": 24, "max_line_count": 2},
    {"max_line_width": 24, "max_line_count": 2, "highlight_words": True},
    {"max_words_per_line": 3},
    {"max_words_per_line": 4, "highlight_words": True},
    {"max_line_width": 1, "max_line_count": 3},
    {"max_line_count": 2},
]


def transcript():
    chance = random.Random(6)
    segments, at = [], 0.4
    for text in TEXTS:
        words = []
        for word in text.split(" ")[1:]:
            at = round(at + chance.choice([0, 0, 0, 0.06, 0.3]), 2)
            end = round(at + chance.choice([0.1, 0.24, 0.48]), 2)
            words.append({"word": " " + word, "start": at, "end": end, "probability": 0.5})
            at = end
        segments.append({"start": words[0]["start"], "end": words[-1]["end"], "text": text, "words": words})
        at = round(at + (4.5 if text == " One." else 0.5), 2)
    return {"segments": segments, "language": "en"}


def main():
    spec = importlib.util.spec_from_file_location("whisper_utils", sys.argv[1])
    utils = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(utils)
    result = transcript()
    cases = []
    for options in CASES:
        case = {"options": options}
        for name, writer in (("srt", utils.WriteSRT), ("vtt", utils.WriteVTT)):
            out = io.StringIO()
            writer(".").write_result(result, out, options=dict(options))
            case[name] = out.getvalue()
        cases.append(case)
    json.dump({"segments": result["segments"], "cases": cases}, sys.stdout, ensure_ascii=False, indent=1)
    print()


if __name__ == "__main__":
    main()
