"""As much of IRON (mlir-aie's Python) as kernels/design.py uses, and an array that runs what the design describes.

`installed()` puts this module in the place of mlir-aie. Names, parameters, their order and which of them take keywords
only are those of the release that kernels/toolchain.json names; parameters that the design does not use are left out,
so passing one is an error here. A design resolves to a `Module`: its workers, its fifos and the commands of its
runtime sequence. `Array(module)` is an NPU that has loaded that module's xclbin: its cores run forever, as on the
hardware, and `Array.run(module)` dispatches one runtime sequence, of that module or of another shape's.

The parts of the hardware that can hang or go wrong in silence are modelled, and every one raises `Hang` or `Wrong`:

    locks           waiting for a value does not take it: a lock stays as it is until somebody releases or sets it
    task queues     hold `QUEUE_DEPTH` transfers a channel; hardware drops the next one without a word
    descriptors     a transfer keeps its descriptor until the sequence frees it, and may be freed only once it has run
    fifos           hold as many objects as they are deep, on both sides of a memory tile
    parameters      are the sequence's to write while the core waits, and the core's to read while it holds the barrier

A buffer's content is symbolic: a piece of A or B is (buffer, word addresses), the sums of a tile of C are a `Sum`, and
what leaves of it is a `Piece`. A test can
therefore tell where every word went.
"""

import random
import sys
import threading
import types
from collections import deque
from contextlib import contextmanager

QUEUE_DEPTH = 4
# What a tile of each row has: (DMA channels in, out, buffer descriptors, locks). A shim's descriptors are the sequence's.
SHIM, MEMORY_TILE, CORE = (2, 2, 16, 16), (6, 6, 48, 64), (2, 2, 16, 16)


class DoesNotFit(Exception):
    """aiecc would not find enough channels, descriptors or locks."""


class Hang(Exception):
    """The array would wait forever, or a transfer would be lost."""


class Wrong(Exception):
    """The array would compute something else than what the sequence asks for."""


# What a design declares ---------------------------------------------------------------------------------------------


class Declared:
    """What one design has declared so far."""

    def __init__(self):
        self.kernels = {}  # name → (object file, words of each argument)
        self.commands = []  # of the runtime sequence that is being recorded
        self.recording = False


declared = Declared()


class Tile:
    def __init__(self, col=None, row=None):
        self.col, self.row = col, row

    @property
    def place(self):
        return (self.col, self.row)


class ArrayType:
    """np.ndarray[(n,), np.dtype[kind]]: a type with a size."""

    def __init__(self, shape, kind):
        (self.words,) = shape
        self.kind = kind


class _Subscript(type):
    def __getitem__(cls, arguments):
        return ArrayType(*arguments)


class Handle:
    """One end of a fifo."""

    def __init__(self, fifo, is_producer, tile=None):
        self.fifo, self.is_producer, self.tile = fifo, is_producer, tile
        self.queue, self.held = deque(), 0  # a consumer's objects, and how many of them the core has acquired

    # A core's end
    def acquire(self, count):
        assert count == 1, "the design takes one object at a time"
        core = Process.current
        if self.is_producer:
            part = self.fifo
            core.wait_until(lambda: len(part.filled) + part.filling < part.depth, f"a free buffer of {part.name}")
            part.filling += 1
            part.object = Piece()
            return part.object
        core.wait_until(lambda: len(self.queue) > self.held, f"data in {self.fifo.name}")
        self.held += 1
        return self.queue[self.held - 1]

    def release(self, count):
        assert count == 1
        if self.is_producer:
            part = self.fifo
            if not part.filling:
                raise Wrong(f"{part.name} is released without being acquired")
            part.filling -= 1
            part.filled.append(part.object)
        else:
            if not self.held:
                raise Wrong(f"{self.fifo.name} is released without being acquired")
            self.held -= 1
            self.queue.popleft()

    # A memory tile's end
    def forward(self, tile, obj_type=None, depth=None, name=None):
        assert not self.is_producer and obj_type.words == self.fifo.type.words
        self.tile = tile
        out = ObjectFifo(obj_type, name=name, depth=depth)
        out.source = self.fifo
        out.prod().tile = tile
        return out

    def join(self, offsets, tile, depths=None, obj_types=None, names=None):
        assert self.is_producer
        assert [o // obj_types[0].words for o in offsets] == list(range(len(offsets)))
        assert sum(t.words for t in obj_types) == self.fifo.type.words
        self.tile = tile
        self.fifo.parts = [ObjectFifo(t, name=n, depth=d) for t, n, d in zip(obj_types, names, depths, strict=True)]
        for part in self.fifo.parts:
            part.joined = self.fifo
            part.cons().tile = tile
        self.fifo.check_walk()
        return self.fifo.parts

    # A shim's end
    def fill(self, source, tap=None, wait=False, *, group=None):
        assert self.is_producer, "fill() needs a producer's handle"
        Task(self, source, tap, wait, group)

    def drain(self, dest, tap=None, wait=False, *, group=None):
        assert not self.is_producer, "drain() needs a consumer's handle"
        Task(self, dest, tap, wait, group)


class ObjectFifo:
    def __init__(self, obj_type, *, depth=2, name=None, to_stream=None):
        if to_stream is not None and not isinstance(to_stream, TensorAccessPattern):
            raise TypeError(f"to_stream takes a TensorAccessPattern, got {type(to_stream).__name__}")
        if depth < 1:
            raise ValueError(f"{name}: a fifo of depth {depth}")
        self.type, self.name, self.depth, self.to_stream = obj_type, name, depth, to_stream
        self.source = self.joined = None
        self.parts, self.consumers, self.producer = [], [], None
        self.pool = deque()  # objects in the memory tile, or of one part of a joined fifo
        self.filled, self.filling, self.object = deque(), 0, None  # a core's own buffers, on their way out

    def check_walk(self):
        """A joined fifo's way out has a descriptor for each part: the pattern is that of a part, not of the whole."""
        if self.to_stream is not None:
            sizes = [part.type.words for part in self.parts] or [self.type.words]
            if self.to_stream.offset or any(self.to_stream.total != size for size in sizes):
                raise ValueError(
                    f"{self.name}: to_stream walks {self.to_stream.total} words, but each transfer moves {sizes[0]}"
                )

    def prod(self, tile=None):
        if self.producer is None:
            self.producer = Handle(self, True, tile)
        return self.producer

    def cons(self, tile=None):
        self.consumers.append(Handle(self, False, tile))
        return self.consumers[-1]

    def configuration(self):
        """What of it is in the xclbin."""
        ends = [self.producer.tile.place, *(handle.tile.place for handle in self.consumers)]
        walk = None if self.to_stream is None else (tuple(self.to_stream.sizes), tuple(self.to_stream.strides))
        return (self.type.words, self.type.kind, self.depth, walk, tuple(ends))


class Sum:
    """The sums of a tile of C: what they started from, what was added, what became of them, and pieces that have left."""

    def __init__(self, start):
        self.start, self.products, self.result, self.left = start, [], None, 0


class Piece:
    """A buffer that leaves a core: which of a tile's pieces it holds."""

    def __init__(self):
        self.sum, self.index = None, None


class Kernel:
    def __init__(self, name, object_file_name, arg_types=None):
        self.name, self.types = name, arg_types or []
        sizes = [t.words if isinstance(t, ArrayType) else t for t in self.types]
        declared.kernels[name] = (object_file_name, sizes)

    def __call__(self, *arguments):
        assert len(arguments) == len(self.types), self.name
        for argument, wanted in zip(arguments, self.types):
            if isinstance(argument, tuple):
                assert len(argument[1]) == wanted.words, self.name
            elif isinstance(argument, Buffer):
                assert argument.type.words == wanted.words, self.name
            elif not isinstance(argument, Piece):
                assert wanted == "int32" and isinstance(argument, int), self.name
        if self.name.endswith("_init"):
            *header, total = arguments
            total.sum = Sum(header[0] if header else "zero")
        elif self.name.endswith("_multiply"):
            a, b, total = arguments
            if total.sum.result is not None:
                raise Wrong("a product is added to sums that are a result already")
            total.sum.products.append((a, b))
        elif self.name.endswith("_finish"):
            total, total.sum.result = arguments
        elif self.name.endswith("_put"):
            total, piece = arguments
            if total.sum.result is None:
                raise Wrong("sums leave before they are a result")
            piece.sum, piece.index = total.sum, total.sum.left
            total.sum.left += 1
        else:
            raise ValueError(f"fake_iron does not know what {self.name} does")


class Buffer:
    """Memory of a core: run-time parameters, which the sequence writes, or the core's own."""

    def __init__(self, type=None, initial_value=None, name=None, *, use_write_rtp=False):
        self.type, self.name, self.is_parameters, self.worker = type, name, use_write_rtp, None
        self.initial = list(initial_value) if initial_value is not None else None
        self.values, self.sum = list(self.initial or []), None

    def __setitem__(self, index, value):
        assert self.is_parameters, "without use_write_rtp the sequence cannot write the buffer"
        assert declared.recording, "parameters are the sequence's to write"
        declared.commands.append(("parameter", self.name, index, value))

    def __getitem__(self, index):
        if not self.worker.barrier.may_read():
            raise Wrong(f"{self.name} is read while the sequence may write it")
        return self.values[index]


class WorkerRuntimeBarrier:
    """A lock of the core's tile. The sequence sets it; the core waits for a value, which leaves the lock as it is."""

    def __init__(self, initial_value=0):
        self.initial, self.lock, self.waited, self.worker = initial_value, initial_value, False, None

    def set(self, value):
        assert declared.recording, "set() is the sequence's, release_with_value() the core's"
        declared.commands.append(("lock", self.worker.tile.place, value))

    def wait_for_value(self, value):
        Process.current.wait_until(lambda: self.lock == value, f"{value} in its barrier")
        self.waited = True

    def release_with_value(self, value):
        self.lock -= value
        self.waited = False
        if self.lock < 0:
            raise Wrong("a barrier is released that was not set")

    def may_read(self):
        return self.waited and self.lock != 0


class Worker:
    def __init__(self, core_fn, fn_args=None, tile=None, *, stack_size=None, data_size=None):
        self.core, self.arguments, self.tile = core_fn, fn_args, tile
        self.stack_size, self.data_size = stack_size, data_size
        self.barrier = None
        for argument in fn_args:
            if isinstance(argument, Handle):
                argument.tile = tile
            elif isinstance(argument, (Buffer, WorkerRuntimeBarrier)):
                assert argument.worker is None, "each core has its own"
                argument.worker = self
                if isinstance(argument, WorkerRuntimeBarrier):
                    self.barrier = argument

    def handles(self):
        return [argument for argument in self.arguments if isinstance(argument, Handle)]


class TensorAccessPattern:
    def __init__(self, tensor_dims, offset, sizes, strides):
        assert len(sizes) == len(strides) == 4, "a descriptor has four dimensions"
        (self.total,) = tensor_dims
        self.offset, self.sizes, self.strides = offset, list(sizes), list(strides)

    def addresses(self):
        found = [self.offset]
        for size, stride in zip(self.sizes, self.strides):
            found = [base + i * stride for base in found for i in range(size)]
        assert 0 <= min(found) and max(found) < self.total, "a transfer leaves its buffer"
        return found


class Task:
    """One transfer of a shim tile, with a descriptor of its own."""

    def __init__(self, handle, buffer, tap, wait, group):
        assert declared.recording and handle.tile.row == 0, "transfers start and end in shims"
        self.fifo, self.buffer, self.wait, self.tile = handle.fifo.name, buffer, wait, handle.tile
        self.tap, self.addresses = tap, tap.addresses()
        assert len(self.addresses) % handle.fifo.type.words == 0, "a transfer must be whole objects of its fifo"
        declared.commands.append(("push", self))
        group.tasks.append(self)


class TaskGroup:
    def __init__(self):
        self.tasks = []

    def finish(self):
        """Waits for those that were to be waited for, then frees them all."""
        assert any(task.wait for task in self.tasks), "a group with nothing to wait for frees what is still in use"
        declared.commands += [("await", task) for task in self.tasks if task.wait]
        declared.commands += [("free", task) for task in self.tasks]
        self.tasks = []


class Runtime:
    def __init__(self, seq_fn, fn_args=None):
        self.sequence, self.arguments = seq_fn, fn_args


class Program:
    def __init__(self, device, rt, *, workers):
        self.runtime, self.workers = rt, workers

    def resolve_program(self):
        return Module(self.runtime, self.workers)


class Used:
    """What the fifos and barriers of a design take of one tile."""

    def __init__(self):
        self.into, self.out, self.locks = [], [], 0  # descriptors of each DMA channel

    @property
    def descriptors(self):
        return sum(self.into) + sum(self.out)

    @property
    def half(self):
        """Of a memory tile's descriptors each channel reaches one half, whichever parity its number has."""
        return sum(sum(sorted(way)[len(way) // 2 :]) for way in (self.into, self.out))

    def check(self, place):
        into, out, descriptors, locks = SHIM if place[1] == 0 else MEMORY_TILE if place[1] == 1 else CORE
        for what, used, limit in (
            ("DMA channels in", len(self.into), into),
            ("DMA channels out", len(self.out), out),
            ("buffer descriptors", self.descriptors, descriptors),
            ("locks", self.locks, locks),
        ):
            if used > limit:
                raise DoesNotFit(f"tile {place} has {limit} {what}, and the design needs {used}")
        if place[1] == 1 and self.half > descriptors // 2:
            raise DoesNotFit(f"tile {place} needs {self.half} buffer descriptors for every other channel")


class Module:
    """What a design resolves to: an xclbin's content and one instruction stream."""

    def __init__(self, runtime, workers):
        self.workers, self.kernels = workers, dict(declared.kernels)
        self.host_types = [a for a in runtime.arguments if isinstance(a, ArrayType)]
        assert len(self.host_types) == 3, "a kernel call has three buffers"
        self.fifos = {}
        for argument in [*runtime.arguments, *(handle for worker in workers for handle in worker.handles())]:
            if isinstance(argument, Handle):
                for fifo in (argument.fifo, argument.fifo.source, argument.fifo.joined):
                    if fifo is not None:
                        self.fifos[fifo.name] = fifo
        self._check_tiles()
        handles = [a for a in runtime.arguments if isinstance(a, Handle)]
        declared.commands, declared.recording = [], True
        runtime.sequence("a", "b", "c", *handles)
        self.commands, declared.recording = declared.commands, False
        for place, used in self.resources().items():
            used.check(place)

    def _check_tiles(self):
        tiles = {}
        for fifo in self.fifos.values():
            for handle in [fifo.producer, *fifo.consumers]:
                if tiles.setdefault(handle.tile.place, handle.tile) is not handle.tile:
                    raise ValueError(f"two Tile objects for {handle.tile.place}: IRON tells tiles apart by identity")

    def configuration(self):
        """All that the xclbin holds. One xclbin can serve two shapes only if this is the same for both."""
        cores = [
            (w.tile.place, w.stack_size, w.data_size, w.barrier.initial, [b.initial for b in self.parameters(w)])
            for w in self.workers
        ]
        return {name: fifo.configuration() for name, fifo in self.fifos.items()}, cores, self.kernels

    @staticmethod
    def parameters(worker):
        return [argument for argument in worker.arguments if isinstance(argument, Buffer) and argument.is_parameters]

    def resources(self):
        """(column, row) → `Used`, as mlir-aie lowers fifos.

        A fifo's buffers in a tile take a pair of locks, and each DMA channel that fills or drains them a descriptor for
        each buffer. A joined fifo takes both for each of its parts; a forwarded one shares the buffers it comes from.
        """
        used = {}

        def at(tile):
            return used.setdefault(tile.place, Used())

        for worker in self.workers:
            at(worker.tile).locks += 1  # its barrier
        for fifo in self.fifos.values():
            from_shim, from_core = fifo.producer.tile.row == 0, fifo.producer.tile.row > 1
            buffers = 0 if from_shim else fifo.source.depth if fifo.source else fifo.depth * max(1, len(fifo.parts))
            at(fifo.producer.tile).out.append(buffers)  # one channel, however many listen
            if from_core:
                at(fifo.producer.tile).locks += 2
            for handle in fifo.consumers:
                tile = at(handle.tile)
                tile.into.append(0 if handle.tile.row == 0 else fifo.joined.depth if fifo.joined else fifo.depth)
                tile.locks += 0 if handle.tile.row == 0 else 2
        return used

    def most_descriptors(self):
        """The most that a shim tile's transfers hold at once."""
        held, most = {}, 0
        for command, *arguments in self.commands:
            if command in ("push", "free"):
                place = arguments[0].tile.place
                held[place] = held.get(place, 0) + (1 if command == "push" else -1)
                most = max(most, held[place])
        assert not any(held.values()), "transfers that nobody waited for"
        return most


# How it runs --------------------------------------------------------------------------------------------------------


class Stopped(Exception):
    pass


class Process:
    """Something that runs until it has to wait; one at a time, so that a schedule decides who goes first."""

    current = None

    def __init__(self, name, body):
        self.name, self.waiting_for, self.ready = name, "its start", lambda: True
        self.done, self.error, self.stopped = False, None, False
        self.go, self.back = threading.Semaphore(0), threading.Semaphore(0)
        self.thread = threading.Thread(target=self._main, args=(body,), daemon=True)
        self.thread.start()

    def _main(self, body):
        self.go.acquire()
        try:
            if not self.stopped:
                body()
        except Stopped:
            pass
        except BaseException as error:  # told to whoever steps this process
            self.error = error
        self.done = True
        self.back.release()

    def wait_until(self, ready, what):
        while not ready():
            self.ready, self.waiting_for = ready, what
            self.back.release()
            self.go.acquire()
            if self.stopped:
                raise Stopped
        Process.current = self

    def step(self):
        """Runs until it waits again. False if it still has to wait."""
        if self.done or not self.ready():
            return False
        Process.current, self.ready = self, lambda: True
        self.go.release()
        self.back.acquire()
        if self.error is not None:
            raise self.error
        return True

    def stop(self):
        if not self.done:
            self.stopped = True
            self.go.release()
            self.thread.join()


class Channel:
    """A DMA channel of a shim tile: its task queue and the tokens of transfers that have ended."""

    def __init__(self):
        self.tasks, self.tokens, self.moved = deque(), 0, 0

    def finish(self):
        task = self.tasks.popleft()
        self.moved, task.done = 0, True
        self.tokens += task.wait


class Array:
    """An NPU with an xclbin: that of `module`. `seed` picks the schedule; None lets the sequence go first, always."""

    def __init__(self, module, seed=None):
        self.module, self.random = module, None if seed is None else random.Random(seed)
        self.channels = {name: Channel() for name in module.fifos}
        self.cores = [Process(f"core {worker.tile.place}", self._core(worker)) for worker in module.workers]
        self.results = []

    @staticmethod
    def _core(worker):
        def for_ever():
            while True:
                worker.core(*worker.arguments)

        return for_ever

    def stop(self):
        for core in self.cores:
            core.stop()

    def run(self, module):
        """Dispatches the runtime sequence of `module`. Returns C: word address → (sums, piece, word of the piece)."""
        if module.configuration() != self.module.configuration():
            raise Wrong("this sequence belongs to another xclbin")
        self.results = {}
        sequence = Process("the sequence", lambda: self._sequence(module.commands))
        try:
            while self._advance([sequence]):
                pass
            if not sequence.done:
                waiting = ", ".join(f"{p.name} for {p.waiting_for}" for p in [sequence, *self.cores] if not p.done)
                raise Hang(f"everything waits: {waiting}")
        finally:
            sequence.stop()
        self._check_idle()
        return self.results

    def _advance(self, sequences):
        """One round of everything that can run. False if nothing could."""
        steps = [process.step for process in [*sequences, *self.cores]]
        for fifo in self.module.fifos.values():
            steps += [lambda f=fifo: self._shim(f), lambda f=fifo: self._memory_tile(f)]
        if self.random:
            self.random.shuffle(steps)
        return sum([bool(step()) for step in steps]) > 0

    def _sequence(self, commands):
        process = Process.current
        parameters = {b.name: b for worker in self.module.workers for b in Module.parameters(worker)}
        barriers = {worker.tile.place: worker.barrier for worker in self.module.workers}
        for command, *arguments in commands:
            if command == "parameter":
                name, index, value = arguments
                if parameters[name].worker.barrier.may_read():
                    raise Wrong(f"{name} is written while its core may read it")
                parameters[name].values[index] = value
            elif command == "lock":
                place, value = arguments
                barriers[place].lock = value
            elif command == "push":
                (task,) = arguments
                channel = self.channels[task.fifo]
                if len(channel.tasks) >= QUEUE_DEPTH:
                    raise Hang(f"{task.fifo}'s task queue is full: the next transfer would be dropped")
                task.done = False
                channel.tasks.append(task)
            elif command == "await":
                (task,) = arguments
                channel = self.channels[task.fifo]
                process.wait_until(lambda: channel.tokens > 0, f"the end of a transfer of {task.fifo}")
                channel.tokens -= 1
            elif command == "free" and not arguments[0].done:
                raise Wrong(f"the descriptor of a transfer of {arguments[0].fifo} is freed while it runs")

    def _shim(self, fifo):
        """Moves one object between a shim's channel and its memory tile."""
        channel = self.channels[fifo.name]
        if not channel.tasks or fifo.source is not None or fifo.joined is not None:
            return False
        task, words = channel.tasks[0], fifo.type.words
        piece = task.addresses[channel.moved : channel.moved + words]
        if fifo.parts:
            if not all(part.pool for part in fifo.parts):
                return False
            self._write_c(fifo, [part.pool.popleft() for part in fifo.parts], task, piece)
        else:
            if len(fifo.pool) >= fifo.depth:
                return False
            fifo.pool.append((task.buffer, tuple(piece)))
        channel.moved += words
        if channel.moved == len(task.addresses):
            channel.finish()
        return True

    def _write_c(self, fifo, pieces, task, addresses):
        assert task.buffer == "c"
        words = []
        for piece, part in zip(pieces, fifo.parts, strict=True):
            order = range(part.type.words) if fifo.to_stream is None else fifo.to_stream.addresses()
            assert sorted(order) == list(range(part.type.words)), "the way out must carry every word once"
            words += [(piece.sum, piece.index, at) for at in order]
        for address, word in zip(addresses, words, strict=True):
            assert address not in self.results, "a word of C is written twice"
            self.results[address] = word

    def _memory_tile(self, fifo):
        """Moves one object between a memory tile and the cores."""
        if fifo.source is not None:  # broadcast: when every listener has room
            if not fifo.source.pool or any(len(handle.queue) >= fifo.depth for handle in fifo.consumers):
                return False
            element = fifo.source.pool.popleft()
            for handle in fifo.consumers:
                handle.queue.append(element)
            return True
        if fifo.joined is not None and fifo.filled and len(fifo.pool) < fifo.joined.depth:
            fifo.pool.append(fifo.filled.popleft())
            return True
        return False

    def _check_idle(self):
        """After a dispatch nothing may be left over for the next one to find."""
        for name, fifo in self.module.fifos.items():
            channel = self.channels[name]
            if channel.tasks or channel.tokens or fifo.pool or fifo.filled or any(h.queue for h in fifo.consumers):
                raise Wrong(f"{name} is not empty after the dispatch")
        for worker, core in zip(self.module.workers, self.cores):
            if worker.barrier.lock != 0:
                raise Wrong(f"{core.name} leaves its barrier at {worker.barrier.lock}, so it would not wait next time")
            if core.ready():
                raise Wrong(f"{core.name} does not wait after the dispatch")


@contextmanager
def installed():
    """Puts this in the place of mlir-aie (and of NumPy, of which a design needs the types alone)."""
    global declared
    declared = Declared()

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
        yield declared
    finally:
        for name, old in before.items():
            if old is None:
                del sys.modules[name]
            else:
                sys.modules[name] = old
