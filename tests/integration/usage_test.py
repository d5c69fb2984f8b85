"""Help and the errors for wrong command lines, which need no model."""

import os
import re
import subprocess
from pathlib import Path

import support


class Help(support.Case):
    def test_help_goes_to_stdout_and_names_commands_and_options(self):
        done = support.run("--help")
        self.check_exit(done, 0)
        self.assertEqual(done.stderr, "")
        for part in ("Usage: npuscribe", "--output-format", "(default: base)", "  model ", "Examples"):
            self.assertIn(part, done.stdout)

    def test_help_shows_what_people_use_and_help_all_the_rest(self):
        first = support.run("--help")
        every = support.run("--help-all")
        self.check_exit(every, 0)
        options = set(re.findall(r"^ {2}(?:-., | {4})(--\S+)", first.stdout, re.MULTILINE))
        every_option = set(re.findall(r"^ {2}(?:-., | {4})(--\S+)", every.stdout, re.MULTILINE))
        self.assertLess(options, every_option)
        self.assertIn("--language", options)
        self.assertLessEqual(len(options), 20)
        self.assertGreater(len(every_option), 60)
        self.assertIn("npuscribe --help-all shows all", first.stdout)
        self.assertIn("Exit codes", every.stdout)
        self.assertLessEqual(len(first.stdout.splitlines()), 50)
        self.assertEqual(support.run("transcribe", "--help-all").stdout.count("--[no-]suppress-blank"), 1)
        self.assertLessEqual(max(map(len, every.stdout.splitlines())), 80)
        self.assertIn(r"compression\-ratio\-threshold", support.run("man").stdout)
        self.assertIn("--compression-ratio-threshold", support.run("completion", "bash").stdout)

    def test_every_command_has_help(self):
        commands = ("transcribe", "model", "model list", "model info", "model fetch", "model convert", "device",
                    "device list", "device info", "device test", "bench", "project", "man", "completion")  # fmt: skip
        for command in commands:
            with self.subTest(command):
                done = support.run(*command.split(), "--help")
                self.check_exit(done, 0)
                self.assertIn(f"Usage: npuscribe {command}", done.stdout)
                self.assertLessEqual(max(map(len, done.stdout.splitlines())), 80)

    def test_help_wins_over_mistakes(self):
        for arguments in (["--nonsense"], ["--beam-size", "0"], ["-of", "talk"], ["bench"], ["bench", "lair"]):
            with self.subTest(arguments):
                done = support.run(*arguments, "--help")
                self.check_exit(done, 0)
                self.assertIn("Usage: npuscribe", done.stdout)

    def test_help_takes_a_command(self):
        for command in ("transcribe", "model", "device", "bench", "project", "man", "completion"):
            with self.subTest(command):
                self.assertEqual(support.run("help", command).stdout, support.run(command, "--help").stdout)
        self.check_error(support.run("help", "everything"), 2, "'everything'")

    def test_help_that_cannot_be_written_is_an_error(self):
        for arguments in (["--help"], ["model", "list"], ["man"]):
            with self.subTest(arguments), open("/dev/full", "wb") as full:
                done = subprocess.run([support.BINARY, *arguments], stdout=full, stderr=subprocess.PIPE, text=True)
                self.assertEqual(done.returncode, 1, done.stderr)
                self.assertIn("npuscribe: error: cannot write to standard output: No space left", done.stderr)

    def test_version(self):
        done = support.run("--version")
        self.check_exit(done, 0)
        self.assertRegex(done.stdout, r"^npuscribe \d+\.\d+\.\d+\n")
        self.assertRegex(done.stdout, r"oneDNN \d+\.\d+\.\d+, libsndfile")
        self.assertRegex(done.stdout, r"devices: cpu, npu, emulated ")

    def test_the_manual_is_a_man_page(self):
        done = support.run("man")
        self.check_exit(done, 0)
        self.assertIn(".TH NPUSCRIBE 1", done.stdout)

    @support.needs("groff")
    def test_groff_shows_the_manual_without_a_warning(self):
        support.need_program("groff")
        manual = support.run("man").stdout
        command = ["groff", "-man", "-Tutf8", "-ww"]
        shown = subprocess.run(command, input=manual, capture_output=True, text=True, check=True)
        self.assertEqual(shown.stderr, "")
        self.assertIn("--output-format", re.sub(r"\x1b\[[0-9;]*m|.\x08", "", shown.stdout).replace("\u2010", "-"))

    def test_the_readme_has_the_options_as_the_program_has_them(self):
        readme = (Path(__file__).resolve().parents[2] / "README.md").read_text(encoding="utf-8")
        table = support.run("man", "markdown").stdout
        self.assertIn("| `--output-dir", table.replace("-o, ", ""))
        self.assertIn(table, readme, "scripts/option-table writes it anew")

    def test_bash_completes(self):
        script = self.directory / "npuscribe.bash"
        script.write_text(support.run("completion", "bash").stdout)
        ask = (
            'source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); compopt() { :; };'
            ' _npuscribe; echo "${COMPREPLY[@]}"'
        )

        def completed(*words):
            return subprocess.run(
                ["bash", "-c", ask, script, *words], capture_output=True, text=True, check=True
            ).stdout.split()

        self.assertEqual(completed("npuscribe", "--output-d"), ["--output-dir"])
        self.assertEqual(completed("npuscribe", "--precision", "bf"), ["bfp16", "bf16"])
        self.assertEqual(completed("npuscribe", "device", "l"), ["list"])
        self.assertIn("--check", completed("npuscribe", "bench", "layer", "--c"))

    def test_a_shell_without_completions_is_named(self):
        self.check_error(support.run("completion", "tcsh"), 2, "tcsh", "bash, zsh, fish")

    def test_a_config_file_gives_defaults_and_the_command_line_wins(self):
        config = self.directory / "npuscribe" / "config.toml"
        config.parent.mkdir()
        environment = {**os.environ, "XDG_CONFIG_HOME": str(self.directory), "NPUSCRIBE_MODELS": str(self.directory)}
        config.write_text("beam-size = 0\n")
        done = support.run("a.wav", env=environment)
        self.check_error(done, 2, "config.toml: invalid value '0' for --beam-size: expected a whole number from 1 to 64")
        done = support.run("--config", "none", "a.wav", env=environment)
        self.assertNotIn("beam-size", done.stderr)


class Usage(support.Case):
    """Exit code 2, and one line with the option, the given value and the allowed ones."""

    MISTAKES = [
        ([], "missing input: give audio files or directories"),
        (["--outputdir", "out", "a.wav"], "did you mean --output-dir?"),
        (["--modle", "tiny", "a.wav"], "did you mean --model?"),
        (["--frobnicate", "a.wav"], "--frobnicate"),
        (["-Z", "a.wav"], "-Z"),
        (["a.wav", "--model"], "missing value for --model: expected NAME|PATH"),
        (["--beam-size", "0", "a.wav"], "invalid value '0' for --beam-size: expected a whole number from 1 to 64"),
        (["--beam_size", "many", "a.wav"], "invalid value 'many' for --beam-size"),
        (["--temperature", "2", "a.wav"], "invalid value '2' for --temperature: expected a number from 0 to 1"),
        (["--task", "summarise", "a.wav"], "expected one of transcribe, translate"),
        (["--device", "tpu", "a.wav"], "expected one of auto, cpu, npu, emulated"),
        (["--device", "cuda", "a.wav"], "use --device auto, cpu, npu or emulated"),
        (["--precision", "fp64", "a.wav"], "bfp16, bf16, fp32"),
        (["--output-format", "docx", "a.wav"], "txt, srt, vtt, tsv, csv, lrc, json, json-full, html, md, all"),
        (["--vad=perhaps", "a.wav"], "invalid value 'perhaps' for --vad: expected true or false"),
        (["--audio-context", "9000", "a.wav"], "invalid value '9000' for --audio-context: expected a number from 0.02 to 30"),
        (["--suppress-tokens", "a,b", "a.wav"], "--suppress-tokens"),
        (["--report", "-", "a.wav"], "--report"),
        (["--hallucination-silence-threshold", "2", "a.wav"], "give --word-timestamps, too"),
        (["--quiet", "--verbose", "a.wav"], "--quiet and --verbose"),
        (["-", "-"], "more than once"),
        (["model"], "missing command: npuscribe model expects one of list, info, fetch, convert"),
        (["model", "lost"], "'lost'"),
        (["model", "convert"], "missing SOURCE: npuscribe model convert expects"),
        (["model", "convert", "--frobnicate", "a", "b"], "--frobnicate"),
        (["device", "explode"], "'explode'"),
        (["devcie", "list"], "did you mean npuscribe device?"),
        (["serve"], "there is no file and no command 'serve'; there is no server"),
        (["version"], "npuscribe --version prints the version"),
        (["models"], "npuscribe model list shows the models"),
        (["--num_workers", "4", "a.wav"], "--num-workers is not available: use --threads N"),
        (["--chunk_length", "15", "a.wav"], "speech is cut at pauses"),
        (["--max_new_tokens", "128", "a.wav"], "a window has at most 224 tokens"),
        (["-l", "germn", "a.wav"], "invalid value 'germn' for --language: expected the name of a language; did you mean German?"),
        (["-l", "klingon", "a.wav"], "npuscribe -l list prints all languages"),
        (["-o", "-", "a.wav"], "--output-dir - writes one format to standard output, but --output-format is not given"),
        (["-f", "srt,vtt", "-o", "-", "a.wav"], "but --output-format is srt,vtt; give one, such as -f srt -o -"),
        (["-f", "all", "-o", "-", "a.wav"], "but --output-format is all"),
        (["-f", "srt", "-o", "-", "a.wav", "b.wav"], "writes the transcript of one input, but there are 2"),
        (["-f", "srt", "-o", "-", "--output-name", "talk", "a.wav"], "cannot be combined"),
        (["-f", "srt", "-o", "-", "--skip-existing", "a.wav"], "--skip-existing needs files to look for"),
        (["-f", "srt", "--output-name", "talk", "a.wav", "b.wav"], "names the outputs of one input, but there are 2"),
        (["--output-name", "talk", "a.wav"], "needs a format; give --output-format, too: -f srt writes talk.srt"),
        (["-f", "srt", "--output-name", "out/", "a.wav"], "--output-dir takes a directory"),
        (["-f", "srt", "-of", "-", "a.wav"], "to write to standard output, give -o -"),
        (["--quiet", "--timing", "a.wav"], "--quiet and --timing cannot be combined"),
    ]

    def test_each_mistake_is_named(self):
        for arguments, part in self.MISTAKES:
            with self.subTest(arguments):
                self.check_error(support.run(*arguments), 2, part)

    # Each is one that its program's own manual or a tutorial has; all of it is understood: what is missing is the file.
    KNOWN_ELSEWHERE = [
        "-m base -f no.wav -otxt -osrt -ovtt -oj -l de -tr -t 4 -bs 5 -bo 5 -ml 40 -sow -ot 1000 -d 5000 -np -nt -pp -nf",
        "-m base --vad -vt 0.5 -vspd 250 -vsd 100 -vp 30 -mc 0 -fa -ng -ojf --prompt Hi --file no.wav",
        "no.wav --model base --language English --output_format srt --fp16 False --verbose False --task translate "
        "--word_timestamps True --condition_on_previous_text False --temperature 0 --threads 4 --beam_size 5 "
        "--best_of None --clip_timestamps 0,10",
        "no.wav --model base --compute_type int8 --vad_filter True --vad_min_silence_duration_ms 500 --batched True "
        "--print_colors False --local_files_only True --hotwords npuscribe",
        "no.wav --model base --batch_size 4 --compute_type float32 --vad_method silero --print_progress True",
    ]

    def test_command_lines_of_other_programs_are_understood(self):
        for line in self.KNOWN_ELSEWHERE:
            with self.subTest(line):
                done = support.run(*line.split(), cwd=self.directory)
                self.check_error(done, 1, "no.wav: there is no such file")

    def test_options_of_other_programs_that_are_missing_here_say_what_to_type(self):
        self.check_error(support.run("-owts", "-ls", "a.wav"), 2, "-owts is not available: use --word-timestamps", "-ls is not available: use --output-format")
        self.check_error(support.run("--fp16", "True", "a.wav"), 2, "--precision")
        self.check_error(support.run("--output-format", "talk.wav"), 2, "give it without an option")

    def test_inputs_that_would_write_the_same_file_are_refused_before_the_work(self):
        one, two = self.directory / "one", self.directory / "two"
        for directory in (one, two):
            directory.mkdir()
            (directory / "talk.wav").write_bytes(b"RIFF")
        out = self.directory / "out"
        done = support.run("-f", "txt", "-o", out, one / "talk.wav", two / "talk.wav")
        self.check_error(done, 2, one / "talk.wav", two / "talk.wav", out / "talk.txt")
        self.assertFalse(out.exists())


class Newcomer(support.Case):
    """Everything that a first run without a model must say, and what npuscribe alone says."""

    def test_a_first_run_without_a_model_says_all_in_under_12_lines(self):
        audio = self.directory / "talk one.wav"
        audio.write_bytes(b"RIFF")
        environment = {"NPUSCRIBE_MODELS": str(self.directory / "models"), "PATH": "/usr/bin", "NPUSCRIBE_OFFLINE": "1"}
        done = support.run(audio.name, cwd=self.directory, env=environment)
        self.check_error(done, 3, "model base is not in", "npuscribe model fetch base")
        self.assertEqual(done.stdout, "")
        self.assertLess(len(done.stderr.splitlines()), 12, done.stderr)
        self.assertLessEqual(max(map(len, done.stderr.splitlines()[1:])), 80)
        # The size, where it comes from, the command to type again, and what else there is.
        for part in ("148 MB", "Hugging Face", "npuscribe 'talk one.wav'", "tiny 78 MB", "npuscribe model list", "-m PATH"):
            self.assertIn(part, done.stderr)
        quiet = support.run("-q", audio.name, cwd=self.directory, env=environment)
        self.check_error(quiet, 3, "npuscribe model fetch base")
        self.assertEqual(len(quiet.stderr.splitlines()), 1)

    def test_npuscribe_alone_on_a_terminal_shows_the_three_commands_to_start_with(self):
        code, seen = support.on_terminal(NPUSCRIBE_MODELS=str(self.directory), XDG_CACHE_HOME=str(self.directory))
        self.assertEqual(code, 2)
        self.assertNotIn("error", seen)
        commands = re.findall(r"^  (npuscribe .*?)  ", seen, re.MULTILINE)
        self.assertEqual(
            commands, ["npuscribe talk.mp3", "npuscribe film.mkv -f srt", "npuscribe -r talks/ -f txt -o out"]
        )
        self.assertIn("The first run downloads the model base: 148 MB.", seen)
        (self.directory / "base").mkdir()
        _, seen = support.on_terminal(NPUSCRIBE_MODELS=str(self.directory))
        self.assertEqual(len(re.findall(r"^  npuscribe ", seen, re.MULTILINE)), 3)
        self.assertNotIn("downloads", seen)
        self.check_error(support.run(), 2, "missing input")  # a script has the error


class Languages(support.Case):
    def test_the_list_has_all_languages_with_their_own_names(self):
        done = support.run("-l", "list")
        self.check_exit(done, 0)
        self.assertEqual(len(done.stdout.splitlines()), 101)
        self.assertIn("\npt    Portuguese        Português\n", done.stdout)
        self.assertEqual(done.stderr, "")

    def test_regions_and_own_names_are_understood(self):
        for language in ("en-US", "pt-BR", "pt_BR.UTF-8", "deutsch", "Deutsch", "Español", "ESPANOL", "日本語", "Haitian Creole"):
            with self.subTest(language):
                done = support.run("-l", language, "no.wav", cwd=self.directory)
                self.check_error(done, 1, "no.wav: there is no such file")


class Unavailable(support.Case):
    """Exit code 3, and nothing in place of the requested model or device."""

    def setUp(self):
        super().setUp()
        self.audio = self.directory / "a.wav"
        self.audio.write_bytes(b"RIFF")

    def test_the_error_for_a_model_that_was_not_fetched_has_the_command(self):
        environment = {"NPUSCRIBE_MODELS": str(self.directory), "PATH": "/usr/bin", "NPUSCRIBE_OFFLINE": "1"}
        done = support.run("-m", "base", self.audio, env=environment)
        self.check_error(done, 3, "base", "npuscribe model fetch base")

    def test_an_unknown_model(self):
        self.check_error(support.run("-m", "no-such-model", self.audio), 3, "no-such-model")

    def test_a_directory_that_is_no_model(self):
        (self.directory / "pictures").mkdir()
        self.check_error(support.run("-m", self.directory / "pictures", self.audio), 3, self.directory / "pictures")

    def test_a_model_file_of_garbage(self):
        model = self.directory / "garbage"
        model.mkdir()
        (model / "model.bin").write_bytes(bytes(range(256)) * 16)
        (model / "config.json").write_text("{}")
        self.check_error(support.run("-m", model, self.audio), 3, model)

    def test_the_error_for_a_missing_path_says_how_to_list_models(self):
        done = support.run("-m", "models/ggml-base.en.bin", self.audio)
        self.check_error(done, 3, "models/ggml-base.en.bin: there is no such", "npuscribe model list")

    @support.needs("no-npu")
    def test_a_missing_npu_is_not_replaced(self):
        if "npu        available" in support.run("device", "list").stdout:
            support.skip("no-npu", "this machine has an NPU")
        model = support.need_model("tiny.en", "base")
        recording = min(support.librivox())
        done = support.run("-m", model, "--device", "npu", recording)
        self.check_error(done, 3, "NPU")
        self.assertEqual(done.stdout, "")
        self.check_error(support.run("device", "info", "npu"), 3, "NPU")


class Information(support.Case):
    def test_models_are_listed(self):
        done = support.run("model", "list")
        self.check_exit(done, 0)
        for name in ("tiny.en", "base", "large-v3-turbo"):
            self.assertRegex(done.stdout, rf"(?m)^{name.replace('.', '[.]')} ")

    def test_a_models_dimensions_are_shown(self):
        name = support.need_model("tiny.en")
        done = support.run("model", "info", name)
        self.check_exit(done, 0)
        # openai/whisper, whisper/model.py and the model card: tiny.en has 4 layers of 384.
        for row in (r"n_audio_layer +4", r"n_audio_state +384", r"n_vocab +51864", r"languages +English only"):
            self.assertRegex(done.stdout, row)

    def test_devices_are_listed_and_described(self):
        done = support.run("device", "list")
        self.check_exit(done, 0)
        self.assertRegex(done.stdout, r"(?m)^cpu +available: ")
        done = support.run("device", "info", "cpu")
        self.check_exit(done, 0)
        self.assertRegex(done.stdout, r"(?m)^name +cpu$")
        self.assertRegex(done.stdout, r"(?m)^times +measured$")


if __name__ == "__main__":
    support.main()
