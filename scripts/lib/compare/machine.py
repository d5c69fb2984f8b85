"""The machine and the versions that the numbers were measured with."""

import importlib.metadata
import os
import platform
import re
import subprocess
from pathlib import Path


def cpu_model() -> str:
    match = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return match.group(1).strip() if match else platform.processor()


def cpu_extensions() -> str:
    flags = set(re.search(r"^flags\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE).group(1).split())
    names = {"avx2": "AVX2", "avx512f": "AVX-512", "avx512_vnni": "VNNI", "avx512_bf16": "BF16", "amx_bf16": "AMX"}
    return ", ".join(name for flag, name in names.items() if flag in flags)


def npuscribe_version(binary: Path) -> str:
    if not binary.is_file():
        return "not built"
    answer = subprocess.run([binary, "--version"], capture_output=True, text=True, check=False)
    first_line = answer.stdout.partition("\n")[0]
    return first_line.removeprefix("npuscribe").strip() or "unknown"


def describe(binary: Path, threads: int) -> dict[str, str | int]:
    return {
        "cpu": cpu_model(),
        "cpu_extensions": cpu_extensions(),
        "cpus": len(os.sched_getaffinity(0)),
        "threads": threads,
        "npuscribe": npuscribe_version(binary),
        "faster-whisper": importlib.metadata.version("faster-whisper"),
        "ctranslate2": importlib.metadata.version("ctranslate2"),
    }
