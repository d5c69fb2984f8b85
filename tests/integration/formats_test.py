"""Every format, read back by programs that are not ours: Python's json and csv, ffprobe, and parsers from PyPI."""

import csv
import html
import io
import json
import subprocess
import sys

import support

HOSTILE = [
    (0.0, 1.5, " Plain words."),
    (1.5, 2.5, " two\n\n2\n00:00:09,000 --> 00:00:10,000\nlines"),
    (2.5, 3.0, " a ---> b --> c"),
    (3.0, 4.0, " R&D <i>italic</i> &amp; 1 < 2 > 0"),
    (4.0, 4.0, " no length"),
    (5.0, 6.0004, " \u00e4\u00f6\u00fc \u65e5\u672c\u8a9e \U0001f600"),
    (6.0, 7.0, b" cut \xe6\x97 and \xff\x00\x1b[31m"),
    (7.0, 8.0, "   "),
    (8.0, 9.0, "\tWEBVTT\r\nNOTE\u2028x"),
    (3599.9996, 3601.0, " an hour"),
    (360000.0, 370000.25, " a hundred hours"),
]

# By hand: starts and ends in milliseconds of the cues that have text; the one without length lasts until the next begins.
EXPECTED_TIMES = [
    (0, 1500), (1500, 2500), (2500, 3000), (3000, 4000), (4000, 5000), (5000, 6000), (6000, 7000), (8000, 9000),
    (3600000, 3601000), (360000000, 370000250),
]  # fmt: skip
TEXT = [
    "Plain words.",
    "two 2 00:00:09,000 --> 00:00:10,000 lines",
    "a ---> b --> c",
    "R&D <i>italic</i> &amp; 1 < 2 > 0",
    "no length",
    "\u00e4\u00f6\u00fc \u65e5\u672c\u8a9e \U0001f600",
    "cut \ufffd and \ufffd [31m",
    "WEBVTT NOTE x",
    "an hour",
    "a hundred hours",
]
SRT_TEXT = [text.replace("--->", "->").replace("-->", "->") for text in TEXT]


def formatted(name, segments):
    lines = []
    for start, end, text in segments:
        data = text if isinstance(text, bytes) else text.encode("utf-8")
        lines.append(f"{start} {end} {data.hex()}\n")
    done = subprocess.run(
        [support.FORMAT_TRANSCRIPT, name], input="".join(lines).encode(), stdout=subprocess.PIPE, check=True
    )
    return done.stdout.decode("utf-8")  # strict: anything else fails the test


def from_timestamp(text):
    hours, minutes, seconds = text.split(":")
    return round(1000 * (3600 * int(hours) + 60 * int(minutes) + float(seconds)))


class StandardLibrary(support.Case):
    def test_json_is_read_with_every_segment(self):
        parsed = json.loads(formatted("json", HOSTILE))
        self.assertEqual(len(parsed["segments"]), len(HOSTILE))
        self.assertEqual(parsed["segments"][0]["text"], " Plain words.")
        self.assertEqual(parsed["segments"][6]["text"], " cut \ufffd and \ufffd\x00\x1b[31m")
        self.assertEqual(parsed["text"], "".join(segment["text"] for segment in parsed["segments"]))
        self.assertEqual(parsed["segments"][9]["start"], 3600)

    def test_tsv_has_three_columns_in_every_row(self):
        rows = list(csv.reader(io.StringIO(formatted("tsv", HOSTILE)), delimiter="\t", quoting=csv.QUOTE_NONE))
        self.assertEqual(rows[0], ["start", "end", "text"])
        self.assertEqual({len(row) for row in rows}, {3})
        self.assertEqual([row[2] for row in rows[1:] if row[2]], TEXT)

    def test_txt_has_a_line_for_each_segment_that_was_spoken(self):
        self.assertEqual(formatted("txt", HOSTILE).split("\n"), TEXT + [""])


@support.needs("ffprobe")
class Ffmpeg(support.Case):
    def setUp(self):
        super().setUp()
        support.need_program("ffprobe")

    def packets(self, name, segments):
        path = self.directory / f"transcript.{name}"
        path.write_text(formatted(name, segments), encoding="utf-8")
        command = ["ffprobe", "-v", "error", "-show_packets", "-of", "json", path]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=True)
        self.assertEqual(done.stderr, b"")
        found = json.loads(done.stdout)["packets"]
        pairs = [(float(p["pts_time"]), float(p["pts_time"]) + float(p["duration_time"])) for p in found]
        return [(round(1000 * start), round(1000 * end)) for start, end in pairs]

    def test_srt(self):
        self.assertEqual(self.packets("srt", HOSTILE), EXPECTED_TIMES)

    def test_vtt(self):
        self.assertEqual(self.packets("vtt", HOSTILE), EXPECTED_TIMES)


@support.needs("pypi")
class Parsers(support.Case):
    """The packages srt and webvtt-py, in a virtual environment of the build directory."""

    @classmethod
    def setUpClass(cls):
        environment = support.BUILD / "parsers"
        cls.python = environment / "bin" / "python"
        wanted = ["srt==3.5.3", "webvtt-py==0.5.1"]
        ready = environment / "ready"
        if ready.is_file() and ready.read_text() == str(wanted):
            return
        steps = [[sys.executable, "-m", "venv", "--clear", environment]]
        steps += [[cls.python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *wanted]]
        for step in steps:
            done = subprocess.run(step, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
            if done.returncode != 0:
                reason = (done.stdout.decode(errors="replace").strip().splitlines() or ["no output"])[-1]
                support.skip("pypi", f"no parsers from PyPI: {reason}")
        ready.write_text(str(wanted))

    def parsed(self, script, name, segments):
        path = self.directory / f"transcript.{name}"
        path.write_text(formatted(name, segments), encoding="utf-8")
        done = subprocess.run([self.python, "-c", script, path], stdout=subprocess.PIPE, check=True)
        return json.loads(done.stdout)

    def test_srt(self):
        script = """
import json, srt, sys
cues = srt.parse(open(sys.argv[1], encoding="utf-8").read())  # strict: ignore_errors is off
ms = lambda delta: round(delta.total_seconds() * 1000)
print(json.dumps([[c.index, ms(c.start), ms(c.end), c.content] for c in cues]))
"""
        cues = self.parsed(script, "srt", HOSTILE)
        self.assertEqual([cue[0] for cue in cues], list(range(1, len(TEXT) + 1)))
        self.assertEqual([tuple(cue[1:3]) for cue in cues], EXPECTED_TIMES)
        self.assertEqual([cue[3] for cue in cues], SRT_TEXT)

    def test_vtt(self):
        script = """
import json, sys, webvtt
cues = webvtt.read(sys.argv[1])
print(json.dumps([[c.start, c.end, c.raw_text] for c in cues]))
"""
        # Without the last: webvtt-py allows two digits of hours, WebVTT (section 4.1) any number.
        cues = self.parsed(script, "vtt", HOSTILE[:-1])
        self.assertEqual([tuple(map(from_timestamp, cue[:2])) for cue in cues], EXPECTED_TIMES[:-1])
        # It leaves text as it stands in the file; Python's html knows its escapes.
        self.assertEqual([html.unescape(cue[2]) for cue in cues], TEXT[:-1])


if __name__ == "__main__":
    support.main()
