# SPDX-License-Identifier: MIT
"""The array's design in IRON (mlir-aie): prints the MLIR of one program for one shape.

    python3 design.py --program bfp16_128x32x64 -M 1536 -K 512 -N 2048 --result gelu_bfp16 > design.mlir

Shapes of one program differ in the instruction stream alone: how many tiles there are comes to the cores as run-time
parameters. So one xclbin, in one hardware context, serves every matmul of a model.

    shim tiles      A: four columns, one for each row of cores. B and C: every column
    memory tiles    two buffers of each; pieces of C of a column's four cores are joined
    cores           A is broadcast along a row of cores, B along a column; C's sums stay in the core over all of K, and
                    leave as what the shape asks for: as they are, as bfloat16, or after GELU as BFP16 tiles of A

A result in BFP16 is the next product's A, byte for byte: with both in one runlist, the array goes on without the host.

A column's stream of B begins with a tile that holds the bias of its columns of C (bfp16); then come its tiles of K.

Written for the IRON of the mlir-aie release that toolchain.json names. tests/kernels/fake_iron.py has that release's
signatures and runs the design as the array would; nothing has run on an array yet.
"""

from __future__ import annotations

import argparse

from array_plan import FIRST_CORE_ROW, RESULTS, Plan, Program, Shape

# Run-time parameters: tiles of C a core computes; tiles of K for each; what becomes of the sums; pieces it leaves in.
TILES, DEPTH, RESULT, PIECES = range(4)


def build(plan: Plan, program: Program, shape: Shape):
    """The MLIR module. Needs mlir-aie."""
    import numpy as np
    from aie.helpers.taplib import TensorAccessPattern
    from aie.iron import Buffer, Kernel, ObjectFifo, Runtime, TaskGroup, Worker, WorkerRuntimeBarrier
    from aie.iron import Program as IronProgram
    from aie.iron.controlflow import range_
    from aie.iron.device import NPU2, Tile

    def words(count: int, kind=np.int32):
        return np.ndarray[(count,), np.dtype[kind]]

    sum_kind = np.float32 if program.kernel == "bfp16" else np.int32
    a_type, b_type = words(program.a_bytes // 4), words(program.b_bytes // 4)
    total_type, piece_type = words(program.sum_bytes // 4, sum_kind), words(program.piece_bytes // 4)
    joined_type = words(plan.rows * program.piece_bytes // 4)
    sizes = plan.sizes_in_words(program, shape)

    # IRON tells tiles apart by identity: one object for each place.
    places = [(col, row) for col in range(plan.columns) for row in range(FIRST_CORE_ROW + plan.rows)]
    tiles = {(col, row): Tile(col=col, row=row) for col, row in places}

    object_file = f"{program.name}.o"
    init = Kernel(program.init, object_file, [b_type, total_type] if program.has_bias else [total_type])
    multiply = Kernel(program.multiply, object_file, [a_type, b_type, total_type])
    finish = Kernel(program.finish, object_file, [total_type, np.int32])
    put = Kernel(program.put, object_file, [total_type, piece_type])

    # A: shim → memory tile → all cores of a row.
    a_in, a_out = [], []
    for row, column in enumerate(plan.a_columns()):
        fifo = ObjectFifo(a_type, name=f"a_in_{row}", depth=plan.memory_buffers["a"])
        a_in.append(fifo.prod(tile=tiles[column, 0]))
        a_out.append(
            fifo.cons().forward(
                tile=tiles[column, 1], obj_type=a_type, depth=plan.core_buffers["a"], name=f"a_{row}"
            )
        )

    # B: shim → memory tile → all cores of a column. C: the cores of a column → memory tile → shim, in pieces.
    b_in, b_out, c_in, c_out = [], [], [], []
    for column in range(plan.columns):
        fifo = ObjectFifo(b_type, name=f"b_in_{column}", depth=plan.memory_buffers["b"])
        b_in.append(fifo.prod(tile=tiles[column, 0]))
        b_out.append(
            fifo.cons().forward(
                tile=tiles[column, 1], obj_type=b_type, depth=plan.core_buffers["b"], name=f"b_{column}"
            )
        )
        joined = ObjectFifo(
            joined_type,
            name=f"c_out_{column}",
            depth=plan.memory_buffers["c"],
        )
        c_in.append(
            joined.prod().join(
                [row * program.piece_bytes // 4 for row in range(plan.rows)],
                tile=tiles[column, 1],
                depths=[plan.core_buffers["c"]] * plan.rows,
                obj_types=[piece_type] * plan.rows,
                names=[f"c_{column}_{row}" for row in range(plan.rows)],
            )
        )
        c_out.append(joined.cons(tile=tiles[column, 0]))

    # Zero in the static image, whatever the shape: the sequence writes them before it lets the cores go.
    parameters = [
        [
            Buffer(words(4), name=f"parameters_{row}_{column}", initial_value=np.zeros(4, np.int32), use_write_rtp=True)
            for column in range(plan.columns)
        ]
        for row in range(plan.rows)
    ]
    totals = [[Buffer(total_type, name=f"sums_{row}_{column}") for column in range(plan.columns)] for row in range(plan.rows)]
    barriers = [[WorkerRuntimeBarrier() for _ in range(plan.columns)] for _ in range(plan.rows)]

    def core(a_fifo, b_fifo, c_fifo, start, multiply_add, make_result, put_piece, total, given, barrier):
        barrier.wait_for_value(1)
        tiles_of_c = given[TILES]
        depth = given[DEPTH]
        result = given[RESULT]
        pieces = given[PIECES]
        # Waiting does not take the lock. Without this a second dispatch would not wait, and run with these parameters.
        # The sequence cannot set it again before this dispatch's C has left.
        barrier.release_with_value(1)
        for _ in range_(tiles_of_c):
            if program.has_bias:
                header = b_fifo.acquire(1)
                start(header, total)
                b_fifo.release(1)
            else:
                start(total)
            for _ in range_(depth):
                a = a_fifo.acquire(1)
                b = b_fifo.acquire(1)
                multiply_add(a, b, total)
                a_fifo.release(1)
                b_fifo.release(1)
            make_result(total, result)
            for _ in range_(pieces):
                c = c_fifo.acquire(1)
                put_piece(total, c)
                c_fifo.release(1)

    workers = [
        Worker(
            core,
            [
                a_out[row].cons(),
                b_out[column].cons(),
                c_in[column][row].prod(),
                init,
                multiply,
                finish,
                put,
                totals[row][column],
                parameters[row][column],
                barriers[row][column],
            ],
            tile=tiles[column, FIRST_CORE_ROW + row],
            stack_size=plan.core["stack"],  # aiecc measures what the core needs, and refuses less
            data_size=plan.core["static"],
        )
        for row in range(plan.rows)
        for column in range(plan.columns)
    ]

    groups = plan.groups(program, shape)
    tensor_shapes = {operand: (count,) for operand, count in sizes.items()}

    def sequence(a, b, c, *handles):
        fills = {"a": dict(zip(plan.a_columns(), handles)), "b": dict(enumerate(handles[plan.rows :]))}
        drains = handles[plan.rows + plan.columns :]
        for row in range(plan.rows):
            for column in range(plan.columns):
                for index, value in enumerate(plan.parameters(program, shape)):
                    parameters[row][column][index] = value
                barriers[row][column].set(1)
        in_flight = []
        for group in groups:
            # A group's C is waited for; by then its A and B have been read, and their descriptors are free again.
            if len(in_flight) == plan.groups_in_flight:
                in_flight.pop(0).finish()
            tasks = TaskGroup()
            for move in plan.transfers(program, shape, group):
                tap = TensorAccessPattern(
                    tensor_shapes[move.operand], offset=move.offset, sizes=list(move.sizes), strides=list(move.strides)
                )
                if move.operand == "c":
                    drains[move.column].drain(c, tap=tap, group=tasks, wait=True)
                else:
                    fills[move.operand][move.column].fill(a if move.operand == "a" else b, tap=tap, group=tasks)
            in_flight.append(tasks)
        for tasks in in_flight:
            tasks.finish()

    runtime = Runtime(
        sequence,
        [words(sizes["a"]), words(sizes["b"]), words(sizes["c"]), *a_in, *b_in, *c_out],
    )
    return IronProgram(NPU2(), runtime, workers=workers).resolve_program()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True, help="a program of plan.json")
    parser.add_argument("-M", type=int, required=True, help="rows, padded")
    parser.add_argument("-K", type=int, required=True)
    parser.add_argument("-N", type=int, required=True)
    parser.add_argument("--result", choices=RESULTS, default="sums", help="what becomes of the sums")
    options = parser.parse_args()
    plan = Plan.load()
    print(build(plan, plan.program(options.program), Shape(options.M, options.K, options.N, options.result)))


if __name__ == "__main__":
    main()
