# SPDX-License-Identifier: MIT
"""Checks an instruction stream before a device sees it: decodes it, replays it, and compares it with the plan.

    python3 check_insts.py --program bfp16_128x32x64 -M 1536 -K 512 -N 2048 stream.insts.bin [--addresses design.mlir]

A wrong stream does not fail on the array: it hangs, or moves the wrong words. What is compared: every transfer's buffer,
address, length and strides, and their order; the parameters and the barrier of each core, and that parameters come first;
places in each channel's task queue; descriptors that are written while a transfer still uses them; and waits that nothing
ends. `--addresses` is the module that aiecc writes with --get-input-with-addresses: parameters and barriers must then be
where the cores look for them.

The encoding is that of mlir-aie's include/aie/Runtime/TxnEncoding.h; the registers are those of its AIE2 target model.
build.py runs this on every stream that it builds. That the array does what a stream says is for the array to show.
"""

from __future__ import annotations

import argparse
import re
import struct
import sys
from dataclasses import dataclass, field
from pathlib import Path

from array_plan import FIRST_CORE_ROW, RESULTS, Plan, PlanError, Program, Shape, Transfer

# Operations and their sizes in words; a block write's depends on what it writes. mlir-aie's tests hold
# expected words of all but MASK_POLL, whose size is aie-rt's for it, and LOAD_PDI, which a matmul has not.
WRITE, BLOCK_WRITE, MASK_WRITE, MASK_POLL, PREEMPT, LOAD_PDI, SYNC, PATCH = 0, 1, 3, 4, 6, 8, 0x80, 0x81
SIZES = {WRITE: 6, MASK_WRITE: 7, MASK_POLL: 7, PREEMPT: 1, LOAD_PDI: 4, SYNC: 4, PATCH: 12}
BYTE_SIZE_AT = {WRITE: 5, BLOCK_WRITE: 3, MASK_WRITE: 6, MASK_POLL: 6, SYNC: 1, PATCH: 1}

# Header of XDNA2: version 0.1, generation 4, 6 rows of which 1 of memory tiles, 8 columns.
HEADER = (0x06040100, 0x00000108)

# Registers, as offsets in their tile.
COLUMN_SHIFT, ROW_SHIFT, OFFSET_MASK = 25, 20, 0xFFFFF
DATA_MEMORY = range(0, 0x10000)
LOCKS = range(0x1F000, 0x1F100, 0x10)
DESCRIPTORS = range(0x1D000, 0x1D200, 0x20)
S2MM, MM2S = 0, 1
QUEUES = {0x1D204: (S2MM, 0), 0x1D20C: (S2MM, 1), 0x1D214: (MM2S, 0), 0x1D21C: (MM2S, 1)}
CONTROLS = {address - 4 for address in QUEUES}
CONTROLLER_ID = 0x1F00  # of a control register: who gets the channel's tokens
STATUSES = {0x1D220: (S2MM, 0), 0x1D224: (S2MM, 1), 0x1D228: (MM2S, 0), 0x1D22C: (MM2S, 1)}
QUEUE_FULL = 1 << 22  # of a status register: four transfers wait
ARGUMENTS = ("a", "b", "c")
PARAMETERS = 4  # of a core: design.py's


class BadStream(Exception):
    """The array would hang, or move the wrong words."""


@dataclass(frozen=True)
class Op:
    at: int  # index of its first word
    code: int
    words: tuple[int, ...]

    @property
    def address(self) -> int:
        return self.words[6 if self.code == PATCH else 2]

    @property
    def tile(self) -> tuple[int, int]:
        return self.address >> COLUMN_SHIFT, self.address >> ROW_SHIFT & 0x1F

    @property
    def offset(self) -> int:
        return self.address & OFFSET_MASK

    def __str__(self) -> str:
        names = {WRITE: "write", BLOCK_WRITE: "block write", MASK_WRITE: "mask write", MASK_POLL: "poll", SYNC: "sync"}
        name = names.get(self.code, {PREEMPT: "preempt", LOAD_PDI: "load pdi", PATCH: "patch"}.get(self.code))
        where = "" if self.code in (PREEMPT, LOAD_PDI, SYNC) else f" {self.tile} {self.offset:#07x}"
        return f"{self.at}: {name}{where} [{' '.join(f'{word:x}' for word in self.words)}]"


def decode(words: list[int]) -> list[Op]:
    """The operations of a stream, its header checked against what follows."""
    if len(words) < 4:
        raise BadStream(f"{len(words)} words are no stream: its header alone has 4")
    if words[3] != 4 * len(words):
        raise BadStream(f"the header says {words[3]} bytes, and there are {4 * len(words)}")
    ops, at = [], 4
    while at < len(words):
        code = words[at] & 0xFF
        size = words[at + 3] // 4 if code == BLOCK_WRITE and at + 3 < len(words) else SIZES.get(code)
        if size is None:
            raise BadStream(f"word {at} is {words[at]:#x}: no operation that this knows")
        if at + size > len(words) or size < 1:
            raise BadStream(f"the operation at word {at} ends after the stream")
        op = Op(at, code, tuple(words[at : at + size]))
        if code in BYTE_SIZE_AT and op.words[BYTE_SIZE_AT[code]] != 4 * size:
            raise BadStream(f"the operation at word {at} says that it has {op.words[BYTE_SIZE_AT[code]]} bytes")
        ops.append(op)
        at += size
    if words[2] != len(ops):
        raise BadStream(f"the header says {words[2]} operations, and there are {len(ops)}")
    return ops


Walk = tuple[tuple[int, int], ...]  # (size, stride) from the outermost dimension to the innermost


def walk(dimensions) -> Walk:
    """Dimensions of one element left out, and those that follow each other without a gap joined."""
    joined: list[tuple[int, int]] = []
    for size, stride in dimensions:
        if size == 1:
            continue
        if joined and joined[-1][1] == size * stride:
            joined[-1] = (joined[-1][0] * size, stride)
        else:
            joined.append((size, stride))
    return tuple(joined)


@dataclass(frozen=True)
class Descriptor:
    """A shim tile's buffer descriptor: eight registers. Strides are stored less one; a size of 0 means "all that is left"."""

    words: tuple[int, ...]

    @property
    def length(self) -> int:
        return self.words[0]

    def walk(self) -> Walk:
        size_0, stride_0 = self.words[3] >> 20 & 0x3FF, (self.words[3] & 0xFFFFF) + 1
        size_1, stride_1 = self.words[4] >> 20 & 0x3FF, (self.words[4] & 0xFFFFF) + 1
        stride_2 = (self.words[5] & 0xFFFFF) + 1
        inner = size_0 or self.length
        middle = size_1 or self.length // inner
        return walk([(self.length // (inner * middle), stride_2), (middle, stride_1), (inner, stride_0)])

    def check(self) -> None:
        """Nothing but a plain transfer: no packets, no chain to another descriptor, no locks, no iteration."""
        size_0, size_1 = self.words[3] >> 20 & 0x3FF, self.words[4] >> 20 & 0x3FF
        if self.length % ((size_0 or 1) * (size_1 or 1)):
            raise BadStream(f"{self.length} words are not whole rows of {size_0} x {size_1}")
        if not self.words[7] >> 25 & 1:
            raise BadStream("the descriptor is not valid")
        if self.words[7] >> 26 & 1:
            raise BadStream("the descriptor goes on to another one")
        if self.words[7] & 0x01FFFFFF:
            raise BadStream("the descriptor uses locks")
        if self.words[2] & 0xFFFF0000:
            raise BadStream("the descriptor makes packets")
        if self.words[6]:
            raise BadStream("the descriptor iterates")


@dataclass
class Task:
    """A transfer that was pushed onto a channel's queue."""

    descriptor: int
    group: int
    token: bool
    queued: bool = True  # may still wait for its turn, or else may still run


@dataclass
class Channel:
    operand: str
    pushed: int = 0
    tasks: list[Task] = field(default_factory=list)  # those that may not have ended

    def queued(self) -> list[Task]:
        return [task for task in self.tasks if task.queued]

    def free(self, group: int) -> None:
        """Takes out what has ended because a group's C has left the array."""
        self.tasks = [task for task in self.tasks if task.token or task.group > group]


class Replay:
    """The array's side of a stream, as far as its end depends on it."""

    def __init__(self, plan: Plan, program: Program, shape: Shape):
        self.plan, self.program, self.shape = plan, program, shape
        self.groups = plan.groups(program, shape)
        self.moves = [plan.transfers(program, shape, group) for group in self.groups]
        self.descriptors: dict[tuple[tuple[int, int], int], list[int]] = {}
        self.patches: dict[tuple[tuple[int, int], int], tuple[int, int]] = {}
        self.channels: dict[tuple[int, int, int], Channel] = {}  # (column, direction, channel)
        self.parameters: dict[tuple[int, int], dict[int, int]] = {}
        self.barriers: dict[tuple[int, int], int] = {}  # lock
        self.left = [0] * plan.columns  # groups whose C has left a column

    def run(self, ops: list[Op]) -> None:
        steps = {
            WRITE: self._write,
            BLOCK_WRITE: self._block_write,
            MASK_WRITE: self._mask_write,
            MASK_POLL: self._poll,
            SYNC: self._sync,
            PATCH: self._patch,
        }
        for op in ops:
            try:
                if op.code not in steps:
                    raise BadStream("nothing that a matmul needs")
                steps[op.code](op)
            except BadStream as bad:
                raise BadStream(f"{bad} (operation {op})") from None
        self._check_end()

    def _write(self, op: Op) -> None:
        value = op.words[4]
        if op.tile[1] >= FIRST_CORE_ROW and op.offset in DATA_MEMORY:
            if op.tile in self.barriers:
                raise BadStream("a parameter after the barrier that lets its core go")
            self.parameters.setdefault(op.tile, {})[op.offset] = value
        elif op.tile[1] >= FIRST_CORE_ROW and op.offset in LOCKS:
            if op.tile in self.barriers:
                raise BadStream("a second lock of one core")
            if value != 1:
                raise BadStream(f"a barrier is set to {value}, and its core waits for 1")
            if len(self.parameters.get(op.tile, ())) != PARAMETERS:
                raise BadStream(f"a core is let go without its {PARAMETERS} parameters")
            self.barriers[op.tile] = LOCKS.index(op.offset)
        elif op.tile[1] == 0 and op.offset in QUEUES:
            self._push(op, value)
        else:
            raise BadStream("a register that a matmul does not write")

    def _block_write(self, op: Op) -> None:
        if op.tile[1] != 0 or op.offset not in DESCRIPTORS or len(op.words) != 12:
            raise BadStream("something else than a shim tile's descriptor")
        key = (op.tile, DESCRIPTORS.index(op.offset))
        for (column, _, _), channel in self.channels.items():
            if column == op.tile[0] and any(task.descriptor == key[1] for task in channel.tasks):
                raise BadStream(f"descriptor {key[1]} is written while a transfer may still use it")
        self.descriptors[key] = list(op.words[4:])
        self.patches.pop(key, None)

    def _patch(self, op: Op) -> None:
        key = (op.tile, DESCRIPTORS.index(op.offset - 4) if op.offset - 4 in DESCRIPTORS else -1)
        if key not in self.descriptors:
            raise BadStream("an address for a descriptor that was not written")
        if op.words[5] or op.words[9]:
            raise BadStream("another action than to add a buffer's address")
        self.patches[key] = (op.words[8], op.words[10] | op.words[11] << 32)

    def _mask_write(self, op: Op) -> None:
        if op.tile[1] != 0 or op.offset not in CONTROLS or op.words[5] != CONTROLLER_ID:
            raise BadStream("something else than who gets a channel's tokens")

    def _poll(self, op: Op) -> None:
        if op.tile[1] != 0 or op.offset not in STATUSES or op.words[5] != QUEUE_FULL or op.words[4] != 0:
            raise BadStream("a wait for something else than room in a task queue")
        channel = self.channels.get((op.tile[0], *STATUSES[op.offset]))
        if channel and len(channel.queued()) >= self.plan.shim["task_queue"]:
            channel.queued()[0].queued = False

    def _push(self, op: Op, value: int) -> None:
        column, (direction, number) = op.tile[0], QUEUES[op.offset]
        key = (op.tile, value & 0xF)
        if value & 0x7FFFFFF0:
            raise BadStream(f"the transfer is repeated, or its descriptor is no number: {value:#x}")
        if key not in self.patches:
            raise BadStream(f"descriptor {key[1]} is started without a buffer's address")
        argument, offset = self.patches.pop(key)
        if argument >= len(ARGUMENTS):
            raise BadStream(f"argument {argument}: a matmul has three")
        operand, token = ARGUMENTS[argument], bool(value >> 31)
        channel = self.channels.setdefault((column, direction, number), Channel(operand))
        if channel.operand != operand or direction != (S2MM if operand == "c" else MM2S):
            raise BadStream(f"operand {operand} on the channel or in the direction of another one")
        if len(self.barriers) < self.plan.rows * self.plan.columns:
            raise BadStream("a transfer before every core has its parameters")
        if len(channel.queued()) >= self.plan.shim["task_queue"]:
            raise BadStream("the channel's task queue may be full: this transfer would be dropped")
        descriptor = Descriptor(tuple(self.descriptors[key]))
        descriptor.check()
        group = channel.pushed
        self._compare(descriptor, offset, self._expected(operand, column, group), group)
        if operand == "c" and not token:
            raise BadStream("nothing would tell when C has left")
        channel.pushed += 1
        channel.tasks.append(Task(key[1], group, token))

    def _expected(self, operand: str, column: int, group: int) -> Transfer:
        if group >= len(self.groups):
            raise BadStream(f"more than the plan's {len(self.groups)} transfers of {operand} in column {column}")
        for move in self.moves[group]:
            if (move.operand, move.column) == (operand, column):
                return move
        raise BadStream(f"the plan moves no {operand} in column {column}")

    @staticmethod
    def _compare(found: Descriptor, offset: int, wanted: Transfer, group: int) -> None:
        which = f"group {group}, {wanted.operand}, column {wanted.column}"
        if offset != 4 * wanted.offset:
            raise BadStream(f"{which} starts at byte {offset} of its buffer, and the plan says {4 * wanted.offset}")
        if found.length != wanted.words:
            raise BadStream(f"{which} has {found.length} words, and the plan says {wanted.words}")
        expected = walk(zip(wanted.sizes, wanted.strides))
        if found.walk() != expected:
            raise BadStream(f"{which} walks {found.walk()} (size, stride), and the plan says {expected}")

    def _sync(self, op: Op) -> None:
        direction, row, column = (op.words[2] >> shift & 0xFF for shift in (0, 8, 16))
        rows, columns, number = (op.words[3] >> shift & 0xFF for shift in (8, 16, 24))
        if row or (rows, columns) != (1, 1):
            raise BadStream("a wait for something else than one shim tile")
        channel = self.channels.get((column, direction, number))
        ended = next((i for i, task in enumerate(channel.tasks) if task.token), None) if channel else None
        if ended is None:
            raise BadStream("a wait that no transfer ends")
        group = channel.tasks[ended].group
        del channel.tasks[: ended + 1]
        if channel.operand == "c":
            self.left[column] = group + 1
            self._free_what_was_read()

    def _free_what_was_read(self) -> None:
        """A group's C needs all of the group's A and B: once it has left a column, its B was read; once all, its A."""
        for (column, _, _), channel in self.channels.items():
            if channel.operand == "b":
                channel.free(self.left[column] - 1)
            elif channel.operand == "a":
                channel.free(min(self.left) - 1)

    def _check_end(self) -> None:
        if min(self.left) != len(self.groups):
            raise BadStream(f"the stream ends after {min(self.left)} of {len(self.groups)} groups of C")
        wanted = {("a", column) for column in self.plan.a_columns()}
        wanted |= {(operand, column) for operand in "bc" for column in range(self.plan.columns)}
        for (column, _, _), channel in self.channels.items():
            if any(task.token for task in channel.tasks):
                raise BadStream(f"a transfer of {channel.operand} in column {column} that nobody waits for")
            if channel.pushed == len(self.groups):
                wanted.discard((channel.operand, column))
        if wanted:
            raise BadStream(f"transfers are missing: {sorted(wanted)}")

    def check_cores(self, addresses: "Addresses | None") -> None:
        given = self.plan.parameters(self.program, self.shape)
        locks = set(self.barriers.values())
        if addresses is None and len(locks) != 1:
            raise BadStream(f"cores are let go by different locks: {sorted(locks)}")
        for tile, values in self.parameters.items():
            first = min(values)
            if [values.get(first + 4 * index) for index in range(PARAMETERS)] != given:
                what = "tiles of C, tiles of K, what becomes of the sums, pieces"
                raise BadStream(f"core {tile} is given {values}, and {given} is right: {what}")
            if first < self.plan.core["stack"]:
                raise BadStream(f"core {tile}'s parameters are written into its stack, at {first:#x}")
            if addresses is not None and addresses.parameters.get(tile) != first:
                raise BadStream(f"core {tile} reads its parameters at {addresses.parameters.get(tile)}, not at {first}")
            if addresses is not None and addresses.barriers.get(tile) != self.barriers[tile]:
                raise BadStream(f"core {tile} waits for lock {addresses.barriers.get(tile)}, not {self.barriers[tile]}")


@dataclass(frozen=True)
class Addresses:
    """Where the cores look for their parameters and barriers: from the module that aiecc has placed."""

    parameters: dict[tuple[int, int], int]
    barriers: dict[tuple[int, int], int]

    @staticmethod
    def parse(mlir: str) -> "Addresses":
        tiles = {
            name: (int(column), int(row))
            for name, column, row in re.findall(r"%(\w+) = aie\.tile\((\d+), (\d+)\)", mlir)
        }
        parameters = {}
        for tile, attributes in re.findall(r"aie\.buffer\(%(\w+)\) \{([^}]*)\}", mlir):
            address = re.search(r"address = (\d+)", attributes)
            if 'sym_name = "parameters_' in attributes and address:
                parameters[tiles[tile]] = int(address[1])
        waited = set(re.findall(r"aie\.use_lock\(%(\w+), Acquire,", mlir))
        barriers = {
            tiles[tile]: int(number)
            for name, tile, number in re.findall(r"%(\w+) = aie\.lock\(%(\w+), (\d+)\)", mlir)
            if name in waited
        }
        if not parameters or parameters.keys() != barriers.keys():
            raise BadStream("the module names no parameters and barriers, or not of the same cores")
        return Addresses(parameters, barriers)


def check(plan: Plan, program: Program, shape: Shape, words: list[int], mlir: str | None = None) -> None:
    """Raises BadStream if these words would not make the array do what the plan says."""
    ops = decode(words)
    if tuple(words[:2]) != HEADER:
        raise BadStream(f"the header {words[0]:#x}, {words[1]:#x} is not XDNA2's")
    replay = Replay(plan, program, shape)
    replay.run(ops)
    replay.check_cores(None if mlir is None else Addresses.parse(mlir))


def read(file: Path) -> list[int]:
    data = file.read_bytes()
    if len(data) % 4:
        raise BadStream(f"{file} has {len(data)} bytes, and words have 4")
    return list(struct.unpack(f"<{len(data) // 4}I", data))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True, help="a program of plan.json")
    parser.add_argument("-M", type=int, required=True, help="rows, padded")
    parser.add_argument("-K", type=int, required=True)
    parser.add_argument("-N", type=int, required=True)
    parser.add_argument("--result", choices=RESULTS, default="sums", help="what becomes of the sums")
    parser.add_argument("--addresses", type=Path, help="the module of aiecc's --get-input-with-addresses")
    parser.add_argument("--list", action="store_true", help="print the operations, too")
    parser.add_argument("stream", type=Path)
    options = parser.parse_args()
    try:
        plan, words = Plan.load(), read(options.stream)
        if options.list:
            print("\n".join(map(str, decode(words))))
        mlir = options.addresses.read_text() if options.addresses else None
        check(plan, plan.program(options.program), Shape(options.M, options.K, options.N, options.result), words, mlir)
    except (BadStream, PlanError) as bad:
        print(f"{options.stream}: {bad}", file=sys.stderr)
        return 1
    print(f"{options.stream}: as the plan says")
    return 0


if __name__ == "__main__":
    sys.exit(main())
