"""Completion in real shells: what each offers when the tab key is pressed after a line."""

import os
import pty
import re
import select
import shlex
import subprocess
import time
from pathlib import Path

import support


class Completion(support.Case):
    def setUp(self):
        super().setUp()
        models = self.directory / "models"
        (models / "my-model").mkdir(parents=True)
        (models / "mine too.npuscribe").touch()
        (models / "mine.npuscribe").touch()
        (self.directory / "talks").mkdir()
        (self.directory / "my talk.wav").touch()
        self.environment = {
            "PATH": f"{Path(support.BINARY).resolve().parent}:{os.environ['PATH']}",
            "HOME": str(self.directory),
            "NPUSCRIBE_MODELS": str(models),
            "TERM": "dumb",
            "LC_ALL": "C.UTF-8",
        }

    def check(self, offered):
        """`offered(line)` are the words that a shell offers for the last word of a line."""
        for line, wanted, unwanted in (
            ("npuscribe --langu", ["--language"], ["--model"]),
            ("npuscribe -l ger", ["german"], ["de"]),
            ("npuscribe --language p", ["pt", "polish", "portuguese"], ["de"]),
            ("npuscribe -m ", ["tiny.en", "large-v3-turbo", "turbo", "my-model", "mine"], ["--model"]),
            ("npuscribe -m my", ["my-model", "my talk.wav"], ["tiny"]),
            ("npuscribe --precision b", ["bfp16", "bf16"], ["fp32"]),
            ("npuscribe --audio-context ", ["auto", "full"], []),
            ("npuscribe --subt", ["--subtitles"], ["--suppress-tokens"]),
            ("npuscribe model fetch large", ["large-v3", "large-v3-turbo"], ["small"]),
            ("npuscribe model info my-", ["my-model"], ["tiny"]),
            ("npuscribe mod", ["model"], ["bench"]),
            ("npuscribe my", ["my talk.wav"], ["my-model"]),
            ("npuscribe -f txt,s", ["srt"], ["txt", "vtt"]),
            ("npuscribe --output-format srt,v", ["vtt"], ["txt"]),
        ):
            with self.subTest(line):
                found = offered(line)
                for word in wanted:
                    self.assertIn(word, found)
                for word in unwanted:
                    if isinstance(found, list) or word not in line:  # a terminal shows the line, too
                        self.assertNotIn(word, found)

    def words(self, command):
        done = subprocess.run(command, env=self.environment, cwd=self.directory, capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.stderr, "", command)
        # What stands before the last comma is part of what is offered.
        return [re.sub(r"^.*,", "", line.split("\t")[0]).rstrip("/") for line in done.stdout.splitlines()]

    def press_tab(self, shell, lines, tabs):
        """Types lines into an interactive shell and tabs at the end. Returns what the terminal gets for the last one."""
        child, master = pty.fork()
        if child == 0:
            os.chdir(self.directory)
            os.execvpe(shell[0], shell, self.environment)
        seen = b""

        def read(seconds):
            nonlocal seen
            while select.select([master], [], [], seconds)[0]:
                try:
                    seen += os.read(master, 65536)
                except OSError:
                    break

        read(1)
        for line in lines[:-1]:
            os.write(master, line.encode() + b"\n")
            read(1)
        seen = b""
        os.write(master, lines[-1].encode() + tabs * b"\t")
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and len(seen) < len(lines[-1]) + 3:
            read(0.5)
        read(3)
        os.write(master, b"\x03exit\n")
        os.close(master)
        os.waitpid(child, 0)
        return seen.decode("utf-8", "replace")

    def test_bash(self):
        support.need_program("bash")

        def offered(line):
            words = line.split(" ")
            script = (
                f"source <(npuscribe completion bash); COMP_WORDS=({' '.join(map(shlex.quote, words))}); "
                f"COMP_CWORD={len(words) - 1}; _npuscribe; printf '%s\\n' \"${{COMPREPLY[@]}}\""
            )
            return self.words(["bash", "--norc", "-c", script])

        self.check(offered)
        seen = self.press_tab(["bash", "--norc", "-i"], ["source <(npuscribe completion bash)", "npuscribe --precision bfp"], 2)
        self.assertIn("bfp16", seen)
        # bash makes three words of --model=my.
        self.assertIn("my-model", offered("npuscribe --model = my-"))

    @support.needs("zsh")
    def test_zsh(self):
        support.need_program("zsh")

        def offered(line):
            seen = self.press_tab(["zsh", "-f", "-i"], ["PS1=; setopt no_auto_menu no_list_ambiguous", "source <(npuscribe completion zsh)", line], 1)
            # Alone it is inserted, of several there is a list.
            seen = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]|\r", " ", seen.replace("\x07", "")).replace("\\ ", " ")
            return _Offered(seen, line)

        self.check(offered)

    @support.needs("fish")
    def test_fish(self):
        support.need_program("fish")

        def offered(line):
            script = f"source (npuscribe completion fish | psub); complete -C {shlex.quote(line)}"
            return self.words(["fish", "--no-config", "-c", script])

        self.check(offered)


class _Offered:
    """What a terminal shows after a line, to ask for whole words in it."""

    def __init__(self, seen, line):
        last = line.split(" ")[-1]
        self.text = f"{last} {seen}"
        self.last = last

    def __contains__(self, word):
        return re.search(rf"(?<![\w.-]){re.escape(word)}(?![\w.-])", self.text) is not None


if __name__ == "__main__":
    support.main()
