# SPDX-License-Identifier: MIT
"""What a compiled kernel needs of a core: bytes of program memory, and the largest stack frame of its functions.

Reads an ELF object without help from a toolchain. Frames are there only if it was compiled with -fstack-size-section.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

EXECUTABLE = 4  # a section's flag SHF_EXECINSTR
# The C runtime's frame below a core's body, on AIE2P (mlir-aie PR 3680).
RUNTIME_FRAME = 64


@dataclass(frozen=True)
class Sizes:
    code: int
    largest_frame: int | None  # None: the object does not report it


def _uleb128(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def read(file: Path) -> Sizes:
    data = file.read_bytes()
    if data[:4] != b"\x7fELF" or data[5] != 1:
        raise ValueError(f"{file} is no little-endian ELF object")
    wide = data[4] == 2
    if wide:
        table, entry, count, names = (*struct.unpack_from("<Q", data, 40), *struct.unpack_from("<HHH", data, 58))
    else:
        table, entry, count, names = (*struct.unpack_from("<I", data, 32), *struct.unpack_from("<HHH", data, 46))

    def section(index: int) -> tuple[int, int, int, int]:
        """(offset of its name, flags, offset, size)"""
        at = table + index * entry
        if wide:
            name, _, flags, _, offset, size = struct.unpack_from("<IIQQQQ", data, at)
        else:
            name, _, flags, _, offset, size = struct.unpack_from("<IIIIII", data, at)
        return name, flags, offset, size

    strings = section(names)[2]
    code, frames = 0, []
    for index in range(count):
        name, flags, offset, size = section(index)
        if flags & EXECUTABLE:
            code += size
        title = data[strings + name : data.index(b"\0", strings + name)]
        if title == b".stack_sizes":
            at = offset
            while at < offset + size:  # a function's address, then the size of its frame
                frame, at = _uleb128(data, at + (8 if wide else 4))
                frames.append(frame)
    return Sizes(code, max(frames, default=None))


def check(name: str, sizes: Sizes, stack: int, program_memory: int) -> None:
    """Raises ValueError if the kernel alone needs more than a core has: the core's own code comes on top of it."""
    if sizes.code > program_memory:
        raise ValueError(f"{name} needs {sizes.code} bytes of program memory, and a core has {program_memory}")
    if sizes.largest_frame is None:
        raise ValueError(f"{name} does not report its stack frames: compile it with -fstack-size-section")
    if sizes.largest_frame + RUNTIME_FRAME > stack:
        needed = sizes.largest_frame + RUNTIME_FRAME
        raise ValueError(f"{name} needs {needed} bytes of stack, and plan.json gives a core {stack}")
