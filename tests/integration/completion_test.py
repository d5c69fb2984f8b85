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
        with _Terminal(["bash", "--norc", "-i"], self.environment, self.directory) as terminal:
            terminal.type("source <(npuscribe completion bash); echo RE''ADY\n")
            terminal.read_to("READY\r\n")
            terminal.type("npuscribe --precision bfp\t")
            terminal.read_to("npuscribe --precision bfp16")
        # bash makes three words of --model=my.
        self.assertIn("my-model", offered("npuscribe --model = my-"))

    @support.needs("zsh")
    def test_zsh(self):
        support.need_program("zsh")

        with _Terminal(["zsh", "-f", "-i"], self.environment, self.directory) as terminal:
            # The tab key completes, shows the list now, says that it has, and begins a new line.
            terminal.type(
                "PS1=; setopt no_auto_menu no_list_ambiguous; source <(npuscribe completion zsh); "
                "offer() { zle expand-or-complete; zle -R; print -rn -- $'\\x1d'; zle send-break }; zle -N offer; bindkey '^I' offer; print RE''ADY\n"
            )
            terminal.read_to("READY\r\n")

            def offered(line):
                terminal.type(f"{line}\t")
                # Alone it is inserted, of several there is a list.
                seen = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]|\r", " ", terminal.read_to("\x1d").replace("\x07", "")).replace("\\ ", " ")
                return _Offered(seen, line)

            self.check(offered)

    @support.needs("fish")
    def test_fish(self):
        support.need_program("fish")

        def offered(line):
            script = f"source (npuscribe completion fish | psub); complete -C {shlex.quote(line)}"
            return self.words(["fish", "--no-config", "-c", script])

        self.check(offered)


class _Terminal:
    """An interactive shell, and what it writes."""

    def __init__(self, shell, environment, directory):
        self.child, self.master = pty.fork()
        if self.child == 0:
            os.chdir(directory)
            os.execvpe(shell[0], shell, environment)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self.master)  # hangs up
        os.waitpid(self.child, 0)

    def type(self, text):
        os.write(self.master, text.encode())

    def read_to(self, mark):
        """What comes up to `mark`, with it."""
        seen = ""
        deadline = time.monotonic() + 60
        while mark not in seen:
            if not select.select([self.master], [], [], max(0, deadline - time.monotonic()))[0]:
                raise AssertionError(f"{mark!r} did not come, but {seen!r}")
            seen += os.read(self.master, 65536).decode("utf-8", "replace")
        return seen


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
