# SPDX-License-Identifier: MIT
"""Builds xclbins and instruction streams with mlir-aie (aiecc) and Peano, and the manifest that npuscribe checks them by.

    python3 build.py --out DIR [--model base …] [--program bfp16_64x64x64 …]

For each program of plan.json: the kernel's object, one xclbin, and one instruction stream for each shape that Whisper's
sizes need of it. CMake's target `npuscribe_xclbins` calls this.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from array_plan import Plan, Program, Shape

HERE = Path(__file__).resolve().parent
MANIFEST_FORMAT = 1


class MissingTool(Exception):
    pass


@dataclass(frozen=True)
class Tools:
    aiecc: str
    peano: Path
    headers: Path  # holds aie_api/aie.hpp

    @staticmethod
    def find(peano: str | None = None) -> "Tools":
        """mlir-aie's aiecc on PATH, its Python package, and Peano in PEANO_INSTALL_DIR or beside it."""
        missing = []
        aiecc = shutil.which("aiecc") or shutil.which("aiecc.py")
        if aiecc is None:
            missing.append("aiecc (mlir-aie) is not on PATH")
        package = importlib.util.find_spec("aie")
        if package is None or importlib.util.find_spec("aie.iron") is None:
            missing.append("this Python has no aie.iron (mlir-aie)")
        compiler = Path(peano or os.environ.get("PEANO_INSTALL_DIR", ""))
        if not (compiler / "bin" / "clang++").exists():
            missing.append("PEANO_INSTALL_DIR does not hold Peano (llvm-aie): bin/clang++ is not there")
        if missing:
            raise MissingTool("; ".join(missing))
        install = Path(next(iter(package.submodule_search_locations))).parents[1]
        for headers in (install / "include", install):
            if (headers / "aie_api" / "aie.hpp").exists():
                return Tools(aiecc, compiler, headers)
        raise MissingTool(f"aie_api/aie.hpp is not in {install / 'include'}")


def compile_command(tools: Tools, program: Program, to: Path) -> list[str]:
    tile = program.tile
    return [
        str(tools.peano / "bin" / "clang++"),
        "--target=aie2p-none-unknown-elf",
        "-std=c++20",
        "-O2",
        "-DNDEBUG",
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


def aiecc_command(tools: Tools, mlir: Path, instructions: Path, xclbin: Path | None) -> list[str]:
    """With `xclbin` everything, without it the instructions alone: the cores' part is the same for every shape."""
    command = [
        tools.aiecc,
        "--no-compile-host",
        "--no-xchesscc",
        "--no-xbridge",
        f"--peano={tools.peano}",
        "--dynamic-objFifos",  # the cores' loops have no constant length
        "--alloc-scheme=basic-sequential",
        "--aie-generate-npu-insts",
        f"--npu-insts-name={instructions}",
    ]
    if xclbin is None:
        command.append("--no-compile")
    else:
        command += ["--aie-generate-xclbin", f"--xclbin-name={xclbin}", "--xclbin-kernel-name=MLIR_AIE"]
    return [*command, str(mlir)]


def design_command(program: Program, shape: Shape) -> list[str]:
    sizes = ["-M", str(shape.m), "-K", str(shape.k), "-N", str(shape.n)]
    return [sys.executable, str(HERE / "design.py"), "--program", program.name, *sizes]


def instructions_name(program: Program, shape: Shape) -> str:
    return f"{program.name}_{shape.m}x{shape.k}x{shape.n}.insts.bin"


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
                        "instructions": instructions_name(program, shape),
                        "sha256": sha256(out / instructions_name(program, shape)),
                    }
                    for shape in shapes
                ],
            }
            for program, shapes in built.items()
        ],
    }


def build_program(tools: Tools, program: Program, shapes: list[Shape], out: Path) -> None:
    work = out / "work" / program.name
    work.mkdir(parents=True, exist_ok=True)
    subprocess.run(compile_command(tools, program, work / f"{program.name}.o"), check=True)
    for shape in shapes:
        mlir = work / f"{shape.m}x{shape.k}x{shape.n}.mlir"
        mlir.write_text(subprocess.run(design_command(program, shape), check=True, capture_output=True, text=True).stdout)
        xclbin = out / f"{program.name}.xclbin" if shape == shapes[0] else None
        instructions = out / instructions_name(program, shape)
        subprocess.run(aiecc_command(tools, mlir, instructions, xclbin), check=True, cwd=work)
        print(f"built {instructions.name}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="directory for the xclbins, instructions and manifest")
    parser.add_argument("--model", action="append", help="only the shapes of this Whisper size; may be repeated")
    parser.add_argument("--program", action="append", help="only this program of plan.json; may be repeated")
    parser.add_argument("--peano", help="Peano's directory; else PEANO_INSTALL_DIR")
    options = parser.parse_args()
    try:
        tools = Tools.find(options.peano)
    except MissingTool as missing:
        print(f"the NPU's programs cannot be built here: {missing}; see kernels/README.md", file=sys.stderr)
        return 1
    plan = Plan.load()
    options.out.mkdir(parents=True, exist_ok=True)
    built = {}
    for program in plan.programs:
        shapes = plan.shapes(program, options.model)
        if not shapes or (options.program and program.name not in options.program):
            continue
        build_program(tools, program, shapes, options.out.resolve())
        built[program] = shapes
    text = json.dumps(manifest(plan, options.out, built), indent=2)
    (options.out / "manifest.json").write_text(text + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
