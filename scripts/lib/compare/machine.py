"""The machine and the versions that the numbers were measured with."""

import importlib.metadata
import os
import platform
import re
import subprocess
from pathlib import Path

from . import jobs


def cpu_model() -> str:
    match = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return match.group(1).strip() if match else platform.processor()


def cpu_extensions(isa: str | None) -> str:
    flags = set(re.search(r"^flags\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE).group(1).split())
    names = {"avx2": "AVX2", "avx_vnni": "AVX-VNNI", "avx512f": "AVX-512", "avx512_vnni": "VNNI", "avx512_bf16": "BF16", "amx_bf16": "AMX"}
    return ", ".join(name for flag, name in names.items() if flag in flags and (isa is None or flag == isa)) + (", and held to it" if isa else "")


def npuscribe_version(binary: Path) -> str:
    if not binary.is_file():
        return "not built"
    answer = subprocess.run([binary, "--version"], capture_output=True, text=True, check=False)
    first_line = answer.stdout.partition("\n")[0]
    return first_line.removeprefix("npuscribe").strip() or "unknown"


def openvino_version(python: Path) -> str:
    command = [python, "-c", "import importlib.metadata; print(importlib.metadata.version('openvino-genai'))"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def describe(settings: jobs.Settings) -> dict[str, str | int]:
    what = {
        "cpu": cpu_model(),
        "cpu_extensions": cpu_extensions(settings.isa),
        "cpus": len(os.sched_getaffinity(0)),
        "threads": settings.threads,
        "npuscribe": npuscribe_version(settings.npuscribe),
        "faster-whisper": importlib.metadata.version("faster-whisper"),
        "ctranslate2": importlib.metadata.version("ctranslate2"),
    }
    if settings.openvino:
        what["openvino-genai"] = openvino_version(settings.openvino.python)
    return what
