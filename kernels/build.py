# SPDX-License-Identifier: MIT
"""Builds xclbins and instruction streams with mlir-aie (aiecc) and Peano, and the manifest that npuscribe checks them by.

    python3 build.py --out DIR [--model base …] [--program bfp16_128x32x64 …]

For each program of plan.json: the kernel's object, one xclbin, and one instruction stream for each shape that Whisper's
sizes need of it. CMake's target `npuscribe_xclbins` calls this.

toolchain.json names the releases of mlir-aie and Peano that design.py and this file are written for. Others are
refused, because both change their Python and their options from release to release; --any-toolchain tries them.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.metadata
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import check_insts
import object_sizes
from array_plan import Plan, Program, Shape

HERE = Path(__file__).resolve().parent
MANIFEST_FORMAT = 2
PLACED = "input_with_addresses.mlir"  # aiecc's name for the module whose buffers and locks have addresses


class MissingTool(Exception):
    pass


def toolchain() -> dict:
    return json.loads((HERE / "toolchain.json").read_text())


def install_command() -> str:
    """What to type for the toolchain of toolchain.json."""
    pinned = toolchain()
    parts = [f"'{p['package']}=={p['version']}' -f {p['find_links']}" for p in (pinned["mlir_aie"], pinned["llvm_aie"])]
    return "pip install " + " ".join(parts)


def installed_version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def wrong_versions(version_of=installed_version) -> list[str]:
    """One line for each package of the toolchain that is not there in the version that toolchain.json names."""
    wrong = []
    for name in ("mlir_aie", "llvm_aie"):
        package, wanted = toolchain()[name]["package"], toolchain()[name]["version"]
        found = version_of(package)
        if found != wanted:
            wrong.append(f"{package} {wanted} is needed, and {found or 'none'} is installed")
    return wrong


@dataclass(frozen=True)
class Tools:
    aiecc: str
    peano: Path
    headers: Path  # holds aie_api/aie.hpp

    @staticmethod
    def find(peano: str | None = None, any_toolchain: bool = False) -> "Tools":
        """The pinned mlir-aie and Peano of this Python, and XRT's xclbinutil on PATH.

        `peano` or PEANO_INSTALL_DIR names another Peano than that of the llvm-aie package; it is then not checked.
        """
        missing = [] if any_toolchain else wrong_versions()
        if shutil.which(os.environ.get("AIE_XCLBINUTIL") or "xclbinutil") is None:
            missing.append("xclbinutil is not on PATH: source the setup.sh of XRT")
        package = importlib.util.find_spec("aie")
        if package is None:
            missing.append("this Python has no mlir-aie: import aie fails")
        else:
            tried = subprocess.run([sys.executable, "-c", "import aie.iron"], capture_output=True, text=True)
            if tried.returncode:
                missing.append(f"import aie.iron fails: {tried.stderr.strip().splitlines()[-1]}")
        root = Path(next(iter(package.submodule_search_locations))).parents[1] if package else Path("mlir_aie")
        aiecc = shutil.which("aiecc") or shutil.which("aiecc", path=str(root / "bin"))
        if package and aiecc is None:
            missing.append(f"aiecc is neither on PATH nor in {root / 'bin'}")
        if package and not (root / "include" / "aie_api" / "aie.hpp").exists():
            missing.append(f"aie_api/aie.hpp is not in {root / 'include'}")
        compiler = peano or os.environ.get("PEANO_INSTALL_DIR") or (str(root.parent / "llvm-aie") if package else None)
        if compiler and not (Path(compiler) / "bin" / "clang++").exists():
            missing.append(f"Peano is not in {compiler}: there is no bin/clang++")
        if missing:
            raise MissingTool("\n".join(f"  {line}" for line in missing))
        return Tools(aiecc, Path(compiler), root / "include")


def compile_command(tools: Tools, program: Program, to: Path) -> list[str]:
    tile = program.tile
    return [
        str(tools.peano / "bin" / "clang++"),
        "--target=aie2p-none-unknown-elf",
        "-std=c++20",
        "-O2",
        "-DNDEBUG",
        "-fstack-size-section",  # aiecc adds up the stack that a core needs
        "-ffunction-sections",
        "-fdata-sections",
        "-Wno-parentheses",
        "-Wno-attributes",
        "-Wno-macro-redefined",
        f"-DDIM_M={tile.m}",
        f"-DDIM_K={tile.k}",
        f"-DDIM_N={tile.n}",
        f"-I{tools.headers}",
        "-c",
        str(HERE / program.source),
        "-o",
        str(to),
    ]


def aiecc_command(tools: Tools, mlir: Path, work: Path, instructions: str, xclbin: str | None) -> list[str]:
    """Writes `instructions` into `work`, with the module whose buffers and locks have addresses; and `xclbin`, if it is
    wanted: the cores' part is the same for every shape of a program."""
    command = [
        tools.aiecc,
        f"--peano={tools.peano}",
        f"--output-dir={work}",
        f"--tmpdir={work / (mlir.stem + '.prj')}",
        "--no-progress",
        "--get-input-with-addresses",
        "--get-npu-insts",
        f"--npu-insts-name={instructions}",
    ]
    if xclbin is not None:
        command += ["--get-xclbin", f"--xclbin-name={xclbin}", "--xclbin-kernel-name=MLIR_AIE"]
    return [*command, str(mlir)]


def design_command(program: Program, shape: Shape) -> list[str]:
    sizes = ["-M", str(shape.m), "-K", str(shape.k), "-N", str(shape.n), "--result", shape.result]
    return [sys.executable, str(HERE / "design.py"), "--program", program.name, *sizes]


def instructions_name(program: Program, shape: Shape) -> str:
    return f"{program.name}_{shape.m}x{shape.k}x{shape.n}_{shape.result}.insts.bin"


def sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def manifest(plan: Plan, out: Path, built: dict[Program, list[Shape]]) -> dict:
    """What lib/device/npu/npu_programs.cpp reads; the files are in `out`."""
    return {
        "format": MANIFEST_FORMAT,
        "layout_version": plan.layout_version,
        "programs": [
            {
                "name": program.name,
                "tile": {"m": program.tile.m, "k": program.tile.k, "n": program.tile.n},
                "xclbin": f"{program.name}.xclbin",
                "sha256": sha256(out / f"{program.name}.xclbin"),
                "shapes": [
                    {
                        "m": shape.m,
                        "k": shape.k,
                        "n": shape.n,
                        "result": shape.result,
                        "instructions": instructions_name(program, shape),
                        "sha256": sha256(out / instructions_name(program, shape)),
                    }
                    for shape in shapes
                ],
            }
            for program, shapes in built.items()
        ],
    }


def check_stream(plan: Plan, program: Program, shape: Shape, work: Path, stream: Path) -> None:
    """Before anything can run it: a stream that is wrong hangs the array, or moves the wrong words."""
    placed = work / PLACED
    try:
        check_insts.check(plan, program, shape, check_insts.read(stream), placed.read_text())
    except FileNotFoundError as missing:
        raise check_insts.BadStream(f"aiecc has not written {missing.filename}") from None
    except check_insts.BadStream as bad:
        raise check_insts.BadStream(f"{stream}: {bad}") from None
    placed.unlink()  # so that the next stream is not compared with this one's


def build_program(
    tools: Tools, plan: Plan, program: Program, shapes: list[Shape], out: Path, unchecked: bool = False
) -> None:
    work = out / "work" / program.name
    work.mkdir(parents=True, exist_ok=True)
    kernel = work / f"{program.name}.o"
    subprocess.run(compile_command(tools, program, kernel), check=True)
    # aiecc measures the linked cores and refuses what does not fit; this says so sooner, and of which kernel.
    sizes = object_sizes.read(kernel)
    object_sizes.check(kernel.name, sizes, plan.core["stack"], plan.core["program_memory"])
    print(f"{kernel.name}: {sizes.code} bytes of code, frames of at most {sizes.largest_frame} bytes", flush=True)
    for shape in shapes:
        mlir = work / f"{shape.m}x{shape.k}x{shape.n}_{shape.result}.mlir"
        design = subprocess.run(design_command(program, shape), check=True, stdout=subprocess.PIPE, text=True)
        mlir.write_text(design.stdout)
        xclbin = f"{program.name}.xclbin" if shape == shapes[0] else None
        instructions = instructions_name(program, shape)
        subprocess.run(aiecc_command(tools, mlir, work, instructions, xclbin), check=True, cwd=work)
        if not unchecked:
            check_stream(plan, program, shape, work, work / instructions)
        for name in filter(None, (xclbin, instructions)):
            shutil.copyfile(work / name, out / name)
        print(f"built {instructions}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="directory for the xclbins, instructions and manifest")
    parser.add_argument("--model", action="append", help="only the shapes of this Whisper size; may be repeated")
    parser.add_argument("--program", action="append", help="only this program of plan.json; may be repeated")
    parser.add_argument("--peano", help="Peano's directory; else PEANO_INSTALL_DIR, else that of the llvm-aie package")
    parser.add_argument("--any-toolchain", action="store_true", help="try other versions than toolchain.json's")
    parser.add_argument("--unchecked", action="store_true", help="keep streams that check_insts.py would refuse")
    options = parser.parse_args()
    try:
        tools = Tools.find(options.peano, options.any_toolchain)
    except MissingTool as missing:
        print(f"the NPU's programs cannot be built here:\n{missing}\nInstall: {install_command()}", file=sys.stderr)
        return 1
    plan = Plan.load()
    options.out.mkdir(parents=True, exist_ok=True)
    built = {}
    for program in plan.programs:
        shapes = plan.shapes(program, options.model)
        if not shapes or (options.program and program.name not in options.program):
            continue
        try:
            build_program(tools, plan, program, shapes, options.out.resolve(), options.unchecked)
        except check_insts.BadStream as bad:
            print(f"{bad}\nThe array would hang, or move the wrong words; --unchecked keeps it.", file=sys.stderr)
            return 1
        built[program] = shapes
    text = json.dumps(manifest(plan, options.out, built), indent=2)
    (options.out / "manifest.json").write_text(text + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
