"""As much of IRON (mlir-aie's Python) as kernels/design.py uses, and it runs: fills put pieces of the host's buffers into
fifos, cores take them out, drains write them back. A piece is a tuple of word addresses, so that a test can tell where
every word went. Names and arguments are IRON's; what a design may not do raises.
"""

import sys
import types
from collections import deque
from contextlib import contextmanager


class World:
    """What one design has declared and done."""

    def __init__(self):
        self.workers, self.drains, self.kernels = [], [], {}
        self.channels = {}  # (column, row) → {"in": n, "out": n}
        self.descriptors, self.most_descriptors = {}, 0

    def connect(self, source, target):
        for tile, way in ((source, "out"), (target, "in")):
            self.channels.setdefault((tile.col, tile.row), {"in": 0, "out": 0})[way] += 1


world = World()


class Tile:
    def __init__(self, col, row):
        self.col, self.row = col, row


class Array:
    """np.ndarray[(n,), np.dtype[kind]]: a type with a size."""

    def __init__(self, shape, kind):
        (self.words,) = shape
        self.kind = kind


class _Subscript(type):
    def __getitem__(cls, arguments):
        return Array(*arguments)


class Handle:
    """One end of a fifo."""

    def __init__(self, fifo, tile=None):
        self.fifo, self.tile, self.queue = fifo, tile, deque()

    # A core's end
    def acquire(self, count):
        assert count == 1
        return self.fifo.acquire(self)

    def release(self, count):
        assert count == 1
        self.fifo.release(self)

    # A memory tile's end
    def forward(self, obj_type, name, depth, tile):
        assert obj_type.words == self.fifo.type.words
        world.connect(self.fifo.source_tile(), tile)
        out = ObjectFifo(obj_type, name=name, depth=depth)
        out.tile = tile
        self.fifo.target = out
        return out

    def join(self, offsets, obj_types, names, depths, tile):
        assert [o // obj_types[0].words for o in offsets] == list(range(len(offsets)))
        assert sum(t.words for t in obj_types) == self.fifo.type.words
        self.fifo.tile, self.fifo.parts = tile, []
        for obj_type, name, depth in zip(obj_types, names, depths):
            part = ObjectFifo(obj_type, name=name, depth=depth)
            part.joined = self.fifo
            self.fifo.parts.append(part)
        return self.fifo.parts

    # A shim's end
    def fill(self, source, tap, group, wait=False):
        addresses = tap.addresses()
        size = self.fifo.type.words
        assert len(addresses) % size == 0, "a transfer must be whole elements of its fifo"
        group.add(self.tile, wait)
        for at in range(0, len(addresses), size):
            self.fifo.target.deliver((source, tuple(addresses[at : at + size])))

    def drain(self, target, tap, group, wait=False):
        group.add(self.tile, wait)
        world.drains.append((self.fifo, target, tap.addresses()))


class ObjectFifo:
    def __init__(self, obj_type, name, depth, dims_to_stream=None):
        self.type, self.name, self.depth, self.dims = obj_type, name, depth, dims_to_stream
        self.tile = self.target = self.joined = None
        self.producer, self.consumers, self.made = None, [], []

    def prod(self, tile=None):
        self.producer = Handle(self, tile)
        return self.producer

    def cons(self, tile=None):
        handle = Handle(self, tile)
        self.consumers.append(handle)
        return handle

    def source_tile(self):
        return self.producer.tile

    def deliver(self, element):
        assert self.consumers, f"nobody reads {self.name}"
        for consumer in self.consumers:  # broadcast
            consumer.queue.append(element)

    def acquire(self, handle):
        if handle is self.producer:
            self.made.append(Sum())
            return self.made[-1]
        return handle.queue.popleft()

    def release(self, handle):
        pass


class Sum:
    """A tile of C: what it started from and what was added."""

    def __init__(self):
        self.start, self.products = None, []


class Kernel:
    def __init__(self, name, object_file_name, arg_types):
        self.name, self.types = name, arg_types
        world.kernels[name] = (object_file_name, [t.words for t in arg_types])

    def __call__(self, *arguments):
        assert len(arguments) == len(self.types), self.name
        *operands, total = arguments
        for operand, wanted in zip(operands, self.types):
            assert len(operand[1]) == wanted.words, self.name
        if self.name.endswith("_init"):
            total.start = operands[0] if operands else "zero"
        else:
            total.products.append(tuple(operands))


class Buffer:
    def __init__(self, kind, name, initial_value, use_write_rtp):
        assert use_write_rtp
        self.values = list(initial_value)

    def __setitem__(self, index, value):
        self.values[index] = value

    def __getitem__(self, index):
        return self.values[index]


class WorkerRuntimeBarrier:
    def __init__(self):
        self.value = 0

    def set(self, value):
        self.value = value

    def wait_for_value(self, value):
        assert self.value == value, "a core would wait for ever"


class Worker:
    def __init__(self, core_fn, fn_args, tile, stack_size):
        self.core, self.arguments, self.tile, self.stack_size = core_fn, fn_args, tile, stack_size
        for argument in fn_args:
            if isinstance(argument, Handle):
                argument.tile = tile
                channels = world.channels.setdefault((tile.col, tile.row), {"in": 0, "out": 0})
                channels["out" if argument is argument.fifo.producer else "in"] += 1


class TaskGroup:
    def __init__(self):
        self.tiles, self.waits = [], 0

    def add(self, tile, wait):
        self.tiles.append(tile)
        self.waits += wait
        key = (tile.col, tile.row)
        assert tile.row == 0, "transfers start and end in shims"
        world.descriptors[key] = world.descriptors.get(key, 0) + 1
        world.most_descriptors = max(world.most_descriptors, world.descriptors[key])

    def finish(self):
        assert self.waits, "a group with nothing to wait for frees what is still in use"
        for tile in self.tiles:
            world.descriptors[(tile.col, tile.row)] -= 1


class TensorAccessPattern:
    def __init__(self, tensor_dims, offset, sizes, strides):
        assert len(sizes) == len(strides) == 4
        (self.total,) = tensor_dims
        self.offset, self.sizes, self.strides = offset, sizes, strides

    def addresses(self):
        found = [self.offset]
        for size, stride in zip(self.sizes, self.strides):
            found = [base + i * stride for base in found for i in range(size)]
        assert 0 <= min(found) and max(found) < self.total, "a transfer leaves its buffer"
        return found


class Runtime:
    def __init__(self, sequence, arguments):
        self.sequence, self.arguments = sequence, arguments


class Program:
    def __init__(self, device, runtime, workers):
        self.runtime, self.workers = runtime, workers

    def resolve_program(self):
        world.workers = self.workers
        for argument in self.runtime.arguments:
            if isinstance(argument, Handle) and argument is not argument.fifo.producer:
                world.connect(argument.fifo.tile, argument.tile)  # memory tile → shim
        for worker in self.workers:
            for argument in worker.arguments:
                if isinstance(argument, Handle):
                    fifo = argument.fifo
                    if fifo.joined is not None:
                        world.channels.setdefault((fifo.joined.tile.col, 1), {"in": 0, "out": 0})["in"] += 1
        counted = set()
        for worker in self.workers:
            for argument in worker.arguments:
                if isinstance(argument, Handle) and argument.fifo.tile is not None and argument.fifo.name not in counted:
                    counted.add(argument.fifo.name)  # one channel out, however many cores listen
                    world.channels[(argument.fifo.tile.col, 1)]["out"] += 1
        return self

    def run(self):
        """Returns C: word address → (sum, index in its tile)."""
        types = [a for a in self.runtime.arguments if isinstance(a, Array)]
        handles = [a for a in self.runtime.arguments if isinstance(a, Handle)]
        assert len(types) == 3, "a kernel call has three buffers"
        self.runtime.sequence("a", "b", "c", *handles)
        assert not any(world.descriptors.values()), "transfers that nobody waited for"
        for worker in self.workers:
            worker.core(*worker.arguments)
            for argument in worker.arguments:
                if isinstance(argument, Handle):
                    assert not argument.queue, f"{argument.fifo.name} was not read to its end"
        result, taken = {}, {}
        for fifo, target, addresses in world.drains:
            assert target == "c"
            index = taken[fifo.name] = taken.get(fifo.name, -1) + 1
            words = [(part.made[index], i) for part in fifo.parts for i in range(part.type.words)]
            order = [0]
            for size, stride in fifo.dims:
                order = [base + i * stride for base in order for i in range(size)]
            assert sorted(order) == list(range(len(words))), "the way out must carry every word once"
            for address, at in zip(addresses, order, strict=True):
                assert address not in result, "a word of C is written twice"
                result[address] = words[at]
        return result


@contextmanager
def installed():
    """Puts this in the place of mlir-aie (and of NumPy, of which a design needs the types alone)."""
    global world
    world = World()

    def module(name, **contents):
        made = types.ModuleType(name)
        made.__dict__.update(contents)
        return made

    iron = {
        k: globals()[k]
        for k in "Buffer Kernel ObjectFifo Program Runtime TaskGroup Worker WorkerRuntimeBarrier".split()
    }
    kind = type("Kind", (type,), {"__getitem__": lambda cls, item: item})
    modules = {
        "numpy": module(
            "numpy",
            int32="int32",
            float32="float32",
            ndarray=_Subscript("ndarray", (), {}),
            dtype=kind("dtype", (), {}),
            zeros=lambda count, _: [0] * count,
        ),
        "aie": module("aie"),
        "aie.helpers": module("aie.helpers"),
        "aie.helpers.taplib": module("aie.helpers.taplib", TensorAccessPattern=TensorAccessPattern),
        "aie.iron": module("aie.iron", **iron),
        "aie.iron.controlflow": module("aie.iron.controlflow", range_=range),
        "aie.iron.device": module("aie.iron.device", NPU2=type("NPU2", (), {}), Tile=Tile),
    }
    before = {name: sys.modules.get(name) for name in modules}
    sys.modules.update(modules)
    try:
        yield world
    finally:
        for name, old in before.items():
            if old is None:
                del sys.modules[name]
            else:
                sys.modules[name] = old
