"""A corpus made under Slurm, with real daemons on the loopback: tasks are killed, sent back to the queue and lose their node."""

import json
import os
import shutil
import signal
import subprocess
import threading
import time
from pathlib import Path

import support

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts" / "slurm"
README = Path(__file__).resolve().parents[2] / "README.md"
TASKS = 6


def read(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


class Cluster(support.Case):
    """Two nodes of three CPUs. Each test has daemons of its own, and ends them by their process ids."""

    def setUp(self):
        super().setUp()
        if not all(shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin") for name in ("sbatch", "slurmd", "munged")):
            support.skip("slurm", "Slurm is not installed: apt-get install slurm-wlm munge")
        self.model = support.need_model("tiny.en")
        self.cluster = self.directory / "cluster"
        self.addCleanup(self.local_cluster, "stop")
        self.local_cluster("start", "2", "3")
        programs = self.directory / "bin"
        programs.mkdir()
        (programs / "npuscribe").symlink_to(support.BINARY)
        self.environment = {
            **os.environ,
            "SLURM_CONF": os.fspath(self.cluster / "slurm.conf"),
            "PATH": f"{programs}:{os.environ['PATH']}",
            "XDG_CONFIG_HOME": os.devnull,
        }
        self.input = self.directory / "in"
        self.parts = self.directory / "parts"
        self.out = self.directory / "out"

    def local_cluster(self, action, *arguments):
        done = subprocess.run(
            [SCRIPTS / "local-cluster", action, self.cluster, *arguments],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
        )  # fmt: skip
        self.assertEqual(done.returncode, 0, done.stdout.decode(errors="replace"))

    def command(self, *words, **environment):
        done = subprocess.run(
            [os.fspath(word) for word in words], cwd=self.directory, env={**self.environment, **environment},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, timeout=300,
        )  # fmt: skip
        self.assertEqual(done.returncode, 0, f"{words}\n{done.stdout.decode()}\n{done.stderr.decode()}")
        return done.stdout.decode().strip()

    def submit(self, array, *options, **environment):
        return self.command(
            "sbatch", "--parsable", f"--array={array}", ",".join(["--export=ALL", *(f"{k}={v}" for k, v in environment.items())]),
            SCRIPTS / "npuscribe.sbatch", "-m", self.model, "-l", "en", *options,
            LIST=os.fspath(self.archive), SHARDS=str(TASKS),
        )  # fmt: skip

    def states(self, job):
        lines = self.command("squeue", "-r", "-h", "-j", job, "-o", "%K %T %N").splitlines()
        return {int(line.split()[0]): line.split()[1:] for line in lines}

    def wait_until(self, condition, what, seconds=120):
        end = time.monotonic() + seconds
        while not condition():
            self.assertLess(time.monotonic(), end, what)
            time.sleep(0.005)

    def wait_for(self, job):
        """Until all tasks have ended. One that was sent back to the queue would wait for two minutes: it is started at once."""

        def ended():
            states = self.states(job)
            for task, state in states.items():
                if state[0] == "PENDING":
                    subprocess.run(
                        ["scontrol", "update", f"JobId={job}_{task}", "StartTime=now"], env=self.environment,
                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False,
                    )  # fmt: skip
            return not states

        self.wait_until(ended, "the job does not end", 240)

    def make_archive(self, count):
        """`count` recordings in two folders, with equal stems, one of them no recording at all."""
        entries = []
        for place in ("a", "b"):
            (self.input / place).mkdir(parents=True)
            for path in support.short_recordings(self.input / place, count // 2, seconds=2.5):
                entries.append({"audio_filepath": f"{place}/{path.name}", "duration": 2.5, "id": len(entries)})
        (self.input / entries[-1]["audio_filepath"]).write_bytes(b"this is no audio" * 100)
        self.archive = self.input / "archive.jsonl"
        self.archive.write_text("".join(json.dumps(entry) + "\n" for entry in entries), encoding="utf-8")
        return entries

    def outputs(self, directory):
        return {os.fspath(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()}

    def logs(self):
        """What the tasks and the controller said."""
        paths = [*sorted(self.directory.glob("slurm-*.out")), self.cluster / "slurmctld.log"]
        return "\n".join(f"{path.name}:\n{path.read_text(errors='replace')}" for path in paths)

    def lines(self, task):
        path = self.parts / f"{task}.jsonl"
        return path.read_bytes().count(b"\n") if path.exists() else 0

    def process_of(self, task):
        """The process id of a task's npuscribe."""
        manifest = f"parts/{task}.jsonl".encode()
        for command in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                words = command.read_bytes().split(b"\0")
                if words[0] == b"npuscribe" and manifest in words and os.readlink(command.parent / "cwd") == os.fspath(self.directory):
                    return int(command.parent.name)
            except OSError:
                continue
        return None

    def test_an_archive_is_done_once_whatever_is_killed(self):
        entries = self.make_archive(60)
        whole = self.directory / "whole"
        reference = self.directory / "whole.jsonl"
        done = support.run(
            *("-m", self.model, "-l", "en", "-t", "1", "--files-from", self.archive, "-f", "json", "-o", whole),
            *("--manifest", reference, "--keep-going-code", "0"),
        )  # fmt: skip
        self.check_exit(done, 0)
        self.assertEqual(len(self.outputs(whole)), 59)
        locks = self.directory / "locks"
        locks.mkdir()
        job = self.submit(
            f"0-{TASKS - 1}", "--batch-size", "1",
            LD_PRELOAD=os.environ["NPUSCRIBE_NODE_LOCAL_FLOCK"], NPUSCRIBE_TEST_LOCKS=os.fspath(locks),
        )  # fmt: skip
        self.wait_until(lambda: len([s for s in self.states(job).values() if s[0] == "RUNNING"]) == TASKS, "tasks do not run")
        on_node = {task: state[1] for task, state in self.states(job).items()}
        near = [task for task in range(TASKS) if on_node[task] == "node0"]
        self.assertEqual(len(near), 3, on_node)
        killed, requeued, terminated = near
        hit, failures = {}, []

        def attack(task, deed):
            """In the middle of its work: it is stopped until the deed is done."""
            self.wait_until(lambda: self.process_of(task), f"task {task} does not start")
            process = self.process_of(task)
            self.wait_until(lambda: self.lines(task) >= 1, f"task {task} finishes nothing")
            os.kill(process, signal.SIGSTOP)
            hit[task] = self.lines(task)
            try:
                deed(process)
            except BaseException as error:  # the thread would keep it to itself
                failures.append(error)

        attacks = [
            threading.Thread(target=attack, args=arguments)
            for arguments in (
                (killed, lambda process: os.kill(process, signal.SIGKILL)),
                (requeued, lambda _: self.command("scontrol", "requeue", f"{job}_{requeued}")),
                (terminated, lambda process: [os.kill(process, number) for number in (signal.SIGTERM, signal.SIGCONT)]),
                (next(t for t in range(TASKS) if on_node[t] == "node1"), lambda _: self.local_cluster("kill-node", "node1")),
            )
        ]
        for thread in attacks:
            thread.start()
        for thread in attacks:
            thread.join()
        self.assertEqual(failures, [], self.logs())
        self.assertEqual(len(hit), 4)
        self.assertLess(max(hit.values()), 10, "a task had finished before it was attacked")
        self.wait_for(job)
        # The dead node's tasks and the one that was sent back have run again by themselves; the other two failed.
        again = self.submit(f"{killed},{terminated}", "--batch-size", "1")
        self.wait_for(again)

        totals = self.directory / "totals.json"
        merged = support.run("report", "merge", "--expect", self.archive, "--json", totals, *sorted(self.parts.iterdir()))
        self.check_exit(merged, 1)  # one is no recording
        corpus = [json.loads(line) for line in merged.stdout.splitlines()]
        self.assertEqual([line["id"] for line in corpus], [entry["id"] for entry in entries[:-1]], self.logs())
        document = json.loads(totals.read_text(encoding="utf-8"))["totals"]
        self.assertEqual([document[name] for name in ("done", "failed", "missing", "duplicates")], [59, 1, 0, 0])
        once = [line for line in read(reference) if line["status"] == "done"]
        self.assertEqual(document["audio_seconds"], sum(line["duration"] for line in once))
        for name in ("audio_filepath", "text", "duration", "options"):
            self.assertEqual([line[name] for line in corpus], [line[name] for line in once])
        self.assertEqual(self.outputs(self.out), self.outputs(whole))

    def test_the_recipe_of_the_readme_ends_with_a_corpus(self):
        """As a newcomer has it, from the top of a clone; the recordings are those that scripts/setup installs."""
        support.librivox()
        support.need_model("base")
        self.local_cluster("stop")
        clone, cluster = self.directory / "clone", self.directory / "of-readme"
        (clone / "build" / "release").mkdir(parents=True)
        (clone / "build" / "release" / "npuscribe").symlink_to(support.BINARY)
        (clone / "scripts").symlink_to(SCRIPTS.parent)
        self.addCleanup(subprocess.run, [SCRIPTS / "local-cluster", "stop", cluster], stderr=subprocess.DEVNULL, check=False)
        script = support.recipe("local-cluster start")
        self.assertIn("sbatch", script)
        script = script.replace("/tmp/cluster", os.fspath(cluster))
        done = subprocess.run(
            ["bash", "-euc", script], cwd=clone, env={**self.environment, "SLURM_CONF": ""},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, timeout=300,
        )  # fmt: skip
        self.assertEqual(done.returncode, 0, done.stdout.decode(errors="replace"))
        corpus = read(clone / "corpus.jsonl")
        self.assertEqual({line["audio_filepath"] for line in corpus}, {os.fspath(path) for path in support.librivox()})
        self.assertEqual({line["status"] for line in corpus}, {"done"})


if __name__ == "__main__":
    support.main()
