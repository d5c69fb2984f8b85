# SPDX-License-Identifier: MIT
"""The plan of the array (plan.json) in Python: what fits, and which bytes go where.

Needs nothing but the standard library, so that it is checked on machines without mlir-aie. design.py turns what this
module works out into an IRON design. lib/device/array/array_plan.cpp is the same in C++.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

PLAN_FILE = Path(__file__).resolve().parent / "plan.json"

SUBTILE = 8
VECTOR = 64  # bytes of a core's widest load
PROGRESS = 64  # bytes behind a core's sums (aie2p/results.h)
# What leaves the array of a product's sums, and its number as a run-time parameter (aie2p/results.h).
RESULTS = {"sums": 0, "bf16": 1, "gelu_bfp16": 2}
# Limits of a shim tile's buffer descriptor, in 32-bit words (AIE-ML/AIE2P register reference, as mlir-aie checks them).
MAX_WRAP = 1023
MAX_STRIDE = 1 << 20
# Tiles of row 0 are shims, of row 1 memory tiles, then come the cores.
FIRST_CORE_ROW = 2


class PlanError(Exception):
    """Something in the plan does not fit the array."""


@dataclass(frozen=True)
class Tile:
    m: int
    k: int
    n: int


@dataclass(frozen=True)
class Program:
    """One xclbin: a kernel compiled for one tile."""

    name: str
    kernel: str
    tile: Tile
    states: tuple[int, ...]
    source: str
    init: str
    multiply: str
    finish: str
    put: str
    bytes_of_8_values: int
    has_bias: bool

    @property
    def a_bytes(self) -> int:
        return self.tile.m * self.tile.k // 8 * self.bytes_of_8_values

    @property
    def b_bytes(self) -> int:
        return self.tile.n * self.tile.k // 8 * self.bytes_of_8_values

    @property
    def sum_bytes(self) -> int:
        """A tile of C stays in its core as sums of 4 bytes, and behind them what has left."""
        return self.tile.m * self.tile.n * 4 + PROGRESS

    @property
    def piece_bytes(self) -> int:
        """C leaves in pieces of one size, because a DMA's transfers have one: those that make a tile of BFP16."""
        whole = self.tile.m * self.tile.n // 8 * 9
        if whole % VECTOR:
            return whole  # refused, because it is not aligned
        parts = 1
        while whole % parts or whole // parts % VECTOR or whole // parts > 4 * MAX_WRAP:
            parts += 1
        return whole // parts

    def pieces(self, result: str) -> int:
        values = self.tile.m * self.tile.n
        size = {"sums": 4 * values, "bf16": 2 * values, "gelu_bfp16": values // 8 * 9}[result]
        return -(-size // self.piece_bytes)


@dataclass(frozen=True)
class Shape:
    """A padded matmul, C [m × n] = A [m × k] · B [n × k]ᵀ, and what becomes of its sums."""

    m: int
    k: int
    n: int
    result: str = "sums"


@dataclass(frozen=True)
class Transfer:
    """One buffer descriptor of a shim tile: words of 32 bits, at most four dimensions, the last one contiguous."""

    operand: str  # "a", "b", "c"
    column: int
    offset: int
    sizes: tuple[int, int, int, int]
    strides: tuple[int, int, int, int]

    @property
    def words(self) -> int:
        s0, s1, s2, s3 = self.sizes
        return s0 * s1 * s2 * s3

    @property
    def linear(self) -> bool:
        return self.sizes[:3] == (1, 1, 1)

    def addresses(self):
        """Word addresses in the order in which they are moved."""
        for i in range(self.sizes[0]):
            for j in range(self.sizes[1]):
                for k in range(self.sizes[2]):
                    base = self.offset + i * self.strides[0] + j * self.strides[1] + k * self.strides[2]
                    for l in range(self.sizes[3]):
                        yield base + l * self.strides[3]


class Plan:
    def __init__(self, data: dict):
        array = data["array"]
        self.layout_version: int = data["layout_version"]
        self.columns: int = array["columns"]
        self.rows: int = array["rows"]
        self.granularity: int = array["dma_granularity"]
        self.core, self.memory_tile, self.shim = array["core"], array["memory_tile"], array["shim"]
        self.core_buffers, self.memory_buffers = data["core_buffers"], data["memory_buffers"]
        self.groups_in_flight: int = data["groups_in_flight"]
        self.models, self.linears, self.row_counts = data["models"], data["linears"], data["rows"]
        self.programs = [self._program(entry, data["kernels"]) for entry in data["programs"]]
        for program in self.programs:
            self._check(program)

    @staticmethod
    def load(path: Path = PLAN_FILE) -> "Plan":
        return Plan(json.loads(path.read_text()))

    @staticmethod
    def _program(entry: dict, kernels: dict) -> Program:
        kernel = kernels[entry["kernel"]]
        return Program(
            name=entry["name"],
            kernel=entry["kernel"],
            tile=Tile(**entry["tile"]),
            states=tuple(entry["states"]),
            source=kernel["source"],
            init=kernel["init"],
            multiply=kernel["multiply"],
            finish=kernel["finish"],
            put=kernel["put"],
            bytes_of_8_values=kernel["bytes_of_8_values"],
            has_bias=kernel["bias"],
        )

    def program(self, name: str) -> Program:
        for program in self.programs:
            if program.name == name:
                return program
        raise PlanError(f"there is no program {name}; there are {', '.join(p.name for p in self.programs)}")

    # What fits ------------------------------------------------------------------------------------------------------

    def core_bytes(self, program: Program) -> int:
        """Of a core's memory: buffers, stack and static data."""
        depth = self.core_buffers
        buffers = depth["a"] * program.a_bytes + depth["b"] * program.b_bytes + depth["c"] * program.piece_bytes
        return buffers + program.sum_bytes + self.core["stack"] + self.core["static"]

    def memory_tile_bytes(self, program: Program) -> int:
        """Of the fullest memory tile: one that carries A, B and C."""
        depth = self.memory_buffers
        return depth["a"] * program.a_bytes + depth["b"] * program.b_bytes + depth["c"] * self.rows * program.piece_bytes

    def memory_tile_descriptors(self) -> tuple[int, int]:
        """Buffer descriptors of the fullest memory tile, and of them those that channels of one parity need.

        A channel has one for each buffer; C, in parts, one for each part of each buffer on its way out. Channels with an
        even number can use the first half of a tile's descriptors, the others the second half.
        """
        depth = self.memory_buffers
        into = [depth["a"], depth["b"], *[depth["c"]] * self.rows]
        out = [depth["a"], depth["b"], depth["c"] * self.rows]

        def fullest_half(channels: list[int]) -> int:
            return sum(sorted(channels, reverse=True)[: -(-len(channels) // 2)])

        return sum(into) + sum(out), fullest_half(into) + fullest_half(out)

    def _check(self, program: Program) -> None:
        tile = program.tile

        def refuse(what: str) -> None:
            raise PlanError(f"the array cannot run {program.name}: {what}")

        def at_most(place: str, what: str, wanted: int, limit: int) -> None:
            if wanted > limit:
                refuse(f"{place} needs {wanted} {what} and has {limit}")

        if any(size % (2 * SUBTILE) for size in (tile.m, tile.k, tile.n)):
            refuse("a tile's m, k and n must be multiples of 16")
        if self.core["stack"] % self.core["alignment"]:
            refuse(f"a core's stack is {self.core['stack']} bytes, and a multiple of {self.core['alignment']} is needed")
        for name, size in (("A", program.a_bytes), ("B", program.b_bytes), ("a piece of C", program.piece_bytes)):
            if size % self.granularity:
                refuse(f"a tile of {name} is {size} bytes, and DMA moves multiples of {self.granularity}")
            if size % self.core["alignment"]:
                refuse(f"a tile of {name} is {size} bytes, and cores need multiples of {self.core['alignment']}")
        if program.has_bias and tile.n * 4 > program.b_bytes:
            refuse("the bias of a tile does not fit a tile of B")
        at_most("a core", "bytes", self.core_bytes(program), self.core["memory"])
        at_most("a memory tile", "bytes", self.memory_tile_bytes(program), self.memory_tile["memory"])
        at_most("a core", "DMA channels in", 2, self.core["dma_in"])
        at_most("a core", "DMA channels out", 1, self.core["dma_out"])
        at_most("a memory tile", "DMA channels in", 2 + self.rows, self.memory_tile["dma_in"])
        at_most("a memory tile", "DMA channels out", 3, self.memory_tile["dma_out"])
        at_most("a shim tile", "DMA channels in", 2, self.shim["dma_in"])
        at_most("a shim tile", "DMA channels out", 1, self.shim["dma_out"])
        at_most("a shim tile", "buffer descriptors", 3 * self.groups_in_flight, self.shim["buffer_descriptors"])
        # A full task queue silently drops the next transfer, and the design would wait for it forever.
        at_most("a shim tile", "places in a task queue", self.groups_in_flight, self.shim["task_queue"])
        at_most("a core", "buffer descriptors", sum(self.core_buffers.values()), self.core["buffer_descriptors"])
        whole, half = self.memory_tile_descriptors()
        at_most("a memory tile", "buffer descriptors", whole, self.memory_tile["buffer_descriptors"])
        limit = self.memory_tile["buffer_descriptors"] // 2
        at_most("a memory tile", "buffer descriptors for every other channel", half, limit)
        # Two locks for the buffers of A and of B, and for each part of C. A core has its barrier besides.
        at_most("a core", "locks", 2 * 3 + 1, self.core["locks"])
        at_most("a memory tile", "locks", 2 * (2 + self.rows), self.memory_tile["locks"])
        for rows in self.row_counts:
            if rows % (tile.m * self.rows):
                refuse(f"{rows} rows are not a multiple of {tile.m * self.rows}")

    # Shapes ---------------------------------------------------------------------------------------------------------

    def padded(self, program: Program, k: int, n: int) -> tuple[int, int]:
        def up(value: int, step: int) -> int:
            return -(-value // step) * step

        return up(k, program.tile.k), up(n, program.tile.n * self.columns)

    def shapes(self, program: Program, models: list[str] | None = None) -> list[Shape]:
        """All that Whisper's sizes need of this program, or those of some models."""
        found = set()
        for model in self.models:
            state = model["n_audio_state"]
            if state not in program.states or (models and model["name"] not in models):
                continue
            for linear in self.linears:
                k, n = self.padded(program, linear["k"] * state, linear["n"] * state)
                # int8 sums leave as they are: their scales are the host's.
                results = linear["results"] if program.kernel == "bfp16" else ["sums"]
                found.update(Shape(rows, k, n, result) for rows in self.row_counts for result in results)
        return sorted(found, key=lambda s: (s.m, s.k, s.n, s.result))

    # Which bytes go where -------------------------------------------------------------------------------------------

    def a_columns(self) -> list[int]:
        """The column whose shim and memory tile carry A for each row of cores: spread out, two shims apart."""
        step = max(1, self.columns // self.rows)
        return [row * step for row in range(self.rows)]

    def groups(self, program: Program, shape: Shape) -> list[tuple[int, int]]:
        """(first row tile, first column tile) of each group, in the order in which they are computed."""
        tile = program.tile
        if shape.m % (tile.m * self.rows) or shape.k % tile.k or shape.n % (tile.n * self.columns):
            raise PlanError(f"{shape} is not made of the whole array's tiles of {program.name}")
        return [
            (row, column)
            for row in range(0, shape.m // tile.m, self.rows)
            for column in range(0, shape.n // tile.n, self.columns)
        ]

    def sizes_in_words(self, program: Program, shape: Shape) -> dict[str, int]:
        """Host buffers, in 32-bit words."""
        tiles_of_k = shape.k // program.tile.k
        headers = 1 if program.has_bias else 0
        return {
            "a": shape.m // program.tile.m * tiles_of_k * program.a_bytes // 4,
            "b": shape.n // program.tile.n * (tiles_of_k + headers) * program.b_bytes // 4,
            "c": shape.m // program.tile.m * self.c_band_words(program, shape),
        }

    def c_tile_words(self, program: Program, shape: Shape) -> int:
        return program.pieces(shape.result) * program.piece_bytes // 4

    def c_band_words(self, program: Program, shape: Shape) -> int:
        """A row of C's tiles. If they are BFP16, it is the same row of the next product's A."""
        return shape.n // program.tile.n * self.c_tile_words(program, shape)

    def parameters(self, program: Program, shape: Shape) -> list[int]:
        """What every core is told: its tiles of C, tiles of K for each, the result's number, and pieces of a tile."""
        groups, tiles_of_k = len(self.groups(program, shape)), shape.k // program.tile.k
        return [groups, tiles_of_k, RESULTS[shape.result], program.pieces(shape.result)]

    def transfers(self, program: Program, shape: Shape, group: tuple[int, int]) -> list[Transfer]:
        """What the shims move for one group.

        Tiles lie next to each other, so A and B are one linear piece each. C of a column comes piece by piece, one of
        each core of the column at a time, and each core's go to its own row of tiles.
        """
        row_tile, column_tile = group
        tiles_of_k = shape.k // program.tile.k
        piece, band = program.piece_bytes // 4, self.c_band_words(program, shape)
        a_words = tiles_of_k * program.a_bytes // 4
        b_words = (tiles_of_k + (1 if program.has_bias else 0)) * program.b_bytes // 4

        def linear(operand: str, column: int, offset: int, words: int) -> Transfer:
            return Transfer(operand, column, offset, (1, 1, 1, words), (0, 0, 0, 1))

        moves = [
            linear("a", column, (row_tile + row) * a_words, a_words) for row, column in enumerate(self.a_columns())
        ]
        for column in range(self.columns):
            moves.append(linear("b", column, (column_tile + column) * b_words, b_words))
        for column in range(self.columns):
            offset = row_tile * band + (column_tile + column) * self.c_tile_words(program, shape)
            sizes = (1, program.pieces(shape.result), self.rows, piece)
            moves.append(Transfer("c", column, offset, sizes, (0, piece, band, 1)))
        for move in moves:
            self._check_transfer(program, move)
        return moves

    def _check_transfer(self, program: Program, move: Transfer) -> None:
        if move.linear:
            return
        if max(move.sizes) > MAX_WRAP or max(move.strides) > MAX_STRIDE:
            raise PlanError(f"{program.name}: {move} does not fit a buffer descriptor")
