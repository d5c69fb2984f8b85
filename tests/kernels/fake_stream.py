"""Instruction streams as aiecc would make them of a design, for check_insts.py to read: an encoder beside its decoder.

`encode` turns the commands of a fake_iron.Module into operations, a list of lists of words; `finish` puts the header
before them. Tests change operations in between. The encoding is written down from mlir-aie's
include/aie/Runtime/TxnEncoding.h, the registers from its AIE2 target model.
"""

PARAMETERS, BARRIER = 0xE000, 6  # where the compiler has put them, in every core
HEADER = [0x06040100, 0x00000108]
ARGUMENTS = {"a": 0, "b": 1, "c": 2}


def address(tile, offset):
    return tile[0] << 25 | tile[1] << 20 | offset


def write(tile, offset, value):
    return [0, 0, address(tile, offset), 0, value, 24]


def poll(tile, offset, value, mask):
    return [4, 0, address(tile, offset), 0, value, mask, 28]


def block_write(tile, offset, words):
    return [1, tile[0] | tile[1] << 8, address(tile, offset), 4 * (4 + len(words)), *words]


def patch(tile, offset, argument, plus):
    return [0x81, 48, 0, 0, 0, 0, address(tile, offset), 0, argument, 0, plus, 0]


def sync(column, direction, channel):
    return [0x80, 16, direction | column << 16, 1 << 8 | 1 << 16 | channel << 24]


def descriptor(tap):
    """A shim tile's registers for a pattern whose outermost dimension is 1: a plain one, or rows of rows."""
    _, outer, rows, row = tap.sizes
    length = outer * rows * row
    if outer == rows == 1:
        return [length, 0, 0, 0, 0, 0, 0, 1 << 25]
    _, outer_stride, row_stride, _ = tap.strides
    walk = [row << 20, 0x80000000 | rows << 20 | row_stride - 1, outer_stride - 1 if outer > 1 else 0]
    return [length, 0, 0, *walk, 0, 1 << 25]


def encode(module):
    cores = {buffer.name: worker.tile.place for worker in module.workers for buffer in module.parameters(worker)}
    channels, free, operations = {}, {}, []
    for fifo in module.fifos.values():  # MM2S channels of a shim in the order of its fifos
        if fifo.producer.tile.row == 0:
            column = fifo.producer.tile.col
            channels[fifo.name] = (column, 1, sum(key[:2] == (column, 1) for key in channels.values()))
        for handle in fifo.consumers:
            if handle.tile.row == 0:
                channels[fifo.name] = (handle.tile.col, 0, 0)
    for command, *arguments in module.commands:
        if command == "parameter":
            name, index, value = arguments
            operations.append(write(cores[name], PARAMETERS + 4 * index, value))
        elif command == "lock":
            place, value = arguments
            operations.append(write(place, 0x1F000 + 0x10 * BARRIER, value))
        elif command == "push":
            (task,) = arguments
            column, direction, channel = channels[task.fifo]
            tile, ids = (column, 0), free.setdefault(column, list(range(16)))
            task.id = ids.pop(0)
            at = 0x1D000 + 0x20 * task.id
            operations.append(block_write(tile, at, descriptor(task.tap)))
            operations.append(patch(tile, at + 4, ARGUMENTS[task.buffer], 4 * task.tap.offset))
            queue = 0x1D204 + 0x10 * direction + 8 * channel
            operations.append(write(tile, queue, task.id | (0x80000000 if task.wait else 0)))
        elif command == "await":
            operations.append(sync(*channels[arguments[0].fifo]))
        elif command == "free":
            (task,) = arguments
            free[channels[task.fifo][0]].append(task.id)
            free[channels[task.fifo][0]].sort()
    return operations


def finish(operations):
    words = [word for operation in operations for word in operation]
    return [*HEADER, len(operations), 4 * (4 + len(words)), *words]


def placed_module(module, parameters=PARAMETERS, barrier=BARRIER):
    """The lines of the placed module that tell where parameters and barriers are."""
    lines = []
    for worker in module.workers:
        column, row = worker.tile.place
        name = f"{column}_{row}"
        (buffer,) = module.parameters(worker)
        lines += [
            f"    %tile_{name} = aie.tile({column}, {row})",
            f"    %a_0_cons_lock_{name} = aie.lock(%tile_{name}, 1) {{init = 0 : i32}}",
            f"    %lock_{name} = aie.lock(%tile_{name}, {barrier}) {{init = 0 : i32}}",
            f'    %{buffer.name} = aie.buffer(%tile_{name}) {{address = {parameters} : i32, sym_name = "{buffer.name}"}} '
            ": memref<4xi32>",
            f"      aie.use_lock(%lock_{name}, Acquire, %c1_i32)",
            f"      aie.use_lock(%a_0_cons_lock_{name}, AcquireGreaterEqual, %c1_i32)",
        ]
    return "\n".join(lines)
