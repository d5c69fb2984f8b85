"""The array's plan and design, without mlir-aie: what fits, which word goes where, and what a build would run."""

import json
import struct
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "kernels"), str(ROOT / "tests" / "kernels")]

import array_plan  # noqa: E402
import build  # noqa: E402
import design  # noqa: E402
import fake_iron  # noqa: E402
import object_sizes  # noqa: E402
from array_plan import Plan, PlanError, Shape  # noqa: E402

DATA = json.loads((ROOT / "kernels" / "plan.json").read_text())


def changed(change):
    data = json.loads(json.dumps(DATA))
    change(data)
    return data


def small_plan(kernel):
    """Two columns of two cores and small tiles: a whole matmul can be followed word by word."""

    def shrink(data):
        data["array"].update(columns=2, rows=2)
        data["programs"] = [
            {"name": "small", "kernel": kernel, "tile": {"m": 16, "k": 32, "n": 32}, "states": [64]}
        ]
        data["rows"] = [32, 64]

    return Plan(changed(shrink))


class WhatFits(unittest.TestCase):
    def test_the_plan_fits(self):
        plan = Plan.load()
        self.assertEqual(len(plan.programs), 8)
        for program in plan.programs:
            self.assertLessEqual(plan.core_bytes(program), 65536)
            self.assertLessEqual(plan.memory_tile_bytes(program), 524288)

    def test_a_core_is_added_up_as_by_hand(self):
        plan = Plan.load()
        # A tile of C in BFP16, 9,216 bytes, is three pieces of 768 words: two would have more than 1,023.
        wanted = 2 * 4608 + 2 * 2304 + 3 * 3072 + 128 * 64 * 4 + 64 + 3328 + 1024
        self.assertEqual(plan.core_bytes(plan.program("bfp16_128x32x64")), wanted)

    def test_a_tile_leaves_in_whole_pieces(self):
        # Bytes of 128 x 64 values in f32, bfloat16 and BFP16, in pieces of 3,072.
        program = Plan.load().program("bfp16_128x32x64")
        self.assertEqual([program.pieces(result) for result in ("sums", "bf16", "gelu_bfp16")], [11, 6, 3])
        for program in Plan.load().programs:
            whole = program.tile.m * program.tile.n // 8 * 9
            self.assertEqual(program.pieces("gelu_bfp16") * program.piece_bytes, whole)

    def refused(self, change, *words):
        with self.assertRaises(PlanError) as caught:
            Plan(changed(change))
        for word in words:
            self.assertIn(word, str(caught.exception))

    def test_what_does_not_fit_is_refused(self):
        self.refused(lambda d: d["programs"][1]["tile"].update(n=128), "bfp16_128x32x64", "97600 bytes", "65536")
        self.refused(lambda d: d["array"]["memory_tile"].update(memory=40000), "40320 bytes and has 40000")
        self.refused(lambda d: d["array"]["memory_tile"].update(dma_in=5), "6 DMA channels in")
        self.refused(lambda d: d["array"]["core"].update(dma_in=1), "2 DMA channels in")
        self.refused(lambda d: d.update(groups_in_flight=6), "18 buffer descriptors")
        # C, in four parts: 4 x 2 on its way in, 4 x 2 on its way out; A and B 2 each way.
        memory_tile = lambda **limits: lambda d: d["array"]["memory_tile"].update(limits)  # noqa: E731
        self.refused(memory_tile(buffer_descriptors=23), "24 buffer descriptors and has 23")
        # The fullest half: three of six channels in with 2 each, C's way out with 8 and one more with 2.
        self.refused(memory_tile(buffer_descriptors=30), "16 buffer descriptors for every other channel and has 15")
        self.refused(memory_tile(locks=8), "a memory tile needs 12 locks")
        self.refused(lambda d: d["array"]["core"].update(locks=6), "a core needs 7 locks")
        self.refused(lambda d: d.update(groups_in_flight=5), "5 places in a task queue and has 4")
        self.refused(lambda d: d["array"]["core"].update(stack=3300), "3300 bytes", "multiple of 64")
        self.refused(lambda d: d["programs"][0].update(tile={"m": 16, "k": 16, "n": 48}), "multiples of 64")
        self.refused(lambda d: d["programs"][0]["tile"].update(n=40), "multiples of 16")
        self.refused(lambda d: d["programs"][0]["tile"].update(k=24), "multiples of 16")
        self.refused(lambda d: d.update(rows=[512, 700]), "700 rows")
        # 128 x 48 values of a plan with another k: a tile of B would begin within 64 bytes.
        self.refused(lambda d: d["programs"][0].update(tile={"m": 128, "k": 48, "n": 48}), "2592 bytes")

    def test_every_whisper_size_has_its_shapes(self):
        plan = Plan.load()
        for model in plan.models:
            state = model["n_audio_state"]
            for kernel in ("bfp16", "int8"):
                found = set()
                for program in plan.programs:
                    if program.kernel == kernel:
                        found.update(plan.shapes(program, [model["name"]]))
                for rows in (512, 1536, 3072):
                    for k, n in ((1, 1), (1, 3), (1, 4), (4, 1)):
                        self.assertIn(Shape(rows, k * state, n * state), found)


class Transfers(unittest.TestCase):
    def test_descriptors_stay_within_the_hardware(self):
        plan = Plan.load()
        for program in plan.programs:
            for shape in plan.shapes(program):
                for move in plan.transfers(program, shape, plan.groups(program, shape)[-1]):
                    if not move.linear:
                        self.assertLessEqual(max(move.sizes), array_plan.MAX_WRAP)
                        self.assertLessEqual(max(move.strides), array_plan.MAX_STRIDE)

    def test_groups_read_all_of_a_and_b_and_write_c_once(self):
        plan = Plan.load()
        program = plan.program("bfp16_128x32x64")
        shape = Shape(1024, 64, 1024, "bf16")
        sizes = plan.sizes_in_words(program, shape)
        # 1024 rows in tiles of 128, two tiles of K of 4608 and 2304 bytes; B has one more, of the bias. A tile of C is six
        # pieces of 768 words.
        self.assertEqual(sizes, {"a": 8 * 2 * 1152, "b": 16 * 3 * 576, "c": 8 * 16 * 6 * 768})
        seen = {"a": {}, "b": {}, "c": {}}
        for group in plan.groups(program, shape):
            for move in plan.transfers(program, shape, group):
                for address in move.addresses():
                    seen[move.operand][address] = seen[move.operand].get(address, 0) + 1
        for operand, times in (("a", 2), ("b", 2), ("c", 1)):  # two column groups, two row groups
            self.assertEqual(set(seen[operand]), set(range(sizes[operand])))
            self.assertEqual(set(seen[operand].values()), {times})

    def test_a_result_in_bfp16_lies_where_the_next_product_reads_its_a(self):
        plan = Plan.load()
        for model in plan.models:
            state = model["n_audio_state"]
            (program,) = [p for p in plan.programs if p.kernel == "bfp16" and state in p.states]
            first, second = Shape(1536, state, 4 * state, "gelu_bfp16"), Shape(1536, 4 * state, state, "bf16")
            self.assertEqual(plan.sizes_in_words(program, first)["c"], plan.sizes_in_words(program, second)["a"])
            # A tile of the first's C, in columns of subtiles of 8 * m / 8 * 9 bytes, begins at its first column's.
            column_words = program.tile.m * 9 // 4
            (move,) = [
                m for m in plan.transfers(program, first, (4, 8)) if (m.operand, m.column) == ("c", 3)
            ]
            a_band = 4 * state // 8 * column_words
            self.assertEqual(move.offset, 4 * a_band + 11 * (program.tile.n // 8) * column_words)
            self.assertEqual(move.strides[2], a_band)
            # Its pieces follow each other.
            self.assertEqual(move.sizes[1] * move.sizes[3], program.tile.n // 8 * column_words)
            self.assertEqual(move.strides[1], move.sizes[3])

    def test_shapes_that_are_not_whole_tiles_are_refused(self):
        plan = Plan.load()
        program = plan.program("bfp16_128x32x64")
        for shape in (Shape(500, 512, 512), Shape(512, 500, 512), Shape(512, 512, 500)):
            with self.assertRaises(PlanError):
                plan.groups(program, shape)


class Design(unittest.TestCase):
    """The design, on an array that runs it (fake_iron)."""

    def check(self, plan, program, shape, c):
        """Every word of C must be the right piece of the right row of A times the right row of B."""
        tile, tiles_of_k = program.tile, shape.k // program.tile.k
        headers = 1 if program.has_bias else 0
        a_words, b_words, piece_words = program.a_bytes // 4, program.b_bytes // 4, program.piece_bytes // 4
        pieces = program.pieces(shape.result)
        tiles = shape.n // tile.n
        self.assertEqual(set(c), set(range(shape.m // tile.m * tiles * pieces * piece_words)))
        for address, (total, piece, word) in c.items():
            rest, at = divmod(address, piece_words)
            rest, wanted_piece = divmod(rest, pieces)
            row_tile, column_tile = divmod(rest, tiles)
            self.assertEqual((piece, word), (wanted_piece, at))
            self.assertEqual(total.result, array_plan.RESULTS[shape.result])
            self.assertEqual(total.left, pieces)
            b_first = column_tile * (tiles_of_k + headers) * b_words
            if headers:
                self.assertEqual((total.start[0], total.start[1][0]), ("b", b_first))
            else:
                self.assertEqual(total.start, "zero")
            self.assertEqual(
                [(a[0], a[1][0], b[0], b[1][0]) for a, b in total.products],
                [
                    ("a", (row_tile * tiles_of_k + k) * a_words, "b", b_first + (headers + k) * b_words)
                    for k in range(tiles_of_k)
                ],
            )

    def in_turn(self, kernel, *shapes):
        """Loads one xclbin and dispatches each shape in turn, whoever of sequence, DMA and cores goes first."""
        plan = small_plan(kernel)
        (program,) = plan.programs
        for seed in (None, 1, 2):
            with fake_iron.installed():
                modules = {shape: design.build(plan, program, shape) for shape in set(shapes)}
                array = fake_iron.Array(modules[shapes[0]], seed)
                try:
                    for shape in shapes:
                        self.check(plan, program, shape, array.run(modules[shape]))
                finally:
                    array.stop()

    # Tiles are 16 x 32 x 32 and there are two rows and two columns of cores.
    large, small, one_tile = Shape(64, 96, 128), Shape(32, 64, 192, "bf16"), Shape(32, 32, 64, "gelu_bfp16")

    def test_one_shape(self):
        self.in_turn("bfp16", self.large)

    def test_int8_starts_at_zero_and_has_no_tile_of_bias(self):
        self.in_turn("int8", self.large, Shape(32, 64, 192))

    def test_the_same_shape_twice(self):
        self.in_turn("bfp16", self.large, self.large)

    def test_two_shapes_in_turn(self):
        self.in_turn("bfp16", self.large, self.small, self.large, self.small)

    def test_a_shape_with_one_tile(self):
        self.in_turn("bfp16", self.one_tile)
        self.in_turn("bfp16", self.large, self.one_tile, self.one_tile, self.large)

    def test_shapes_of_one_program_share_its_xclbin(self):
        plan = Plan.load()
        for program in plan.programs:
            with fake_iron.installed():
                first, *others = [
                    design.build(plan, program, Shape(512, program.tile.k * k, program.tile.n * plan.columns * n, result))
                    for k, n, result in ((1, 1, "sums"), (2, 1, "bf16"), (3, 2, "gelu_bfp16"))
                ]
                for other in others:
                    self.assertEqual(other.configuration(), first.configuration())

    def with_more(self, **more):
        """Dispatches a matmul of four groups and more, on a design whose plan was changed behind the plan's checks."""
        plan = small_plan("bfp16")
        for name, value in more.items():
            setattr(plan, name, value)
        with fake_iron.installed():
            array = fake_iron.Array(design.build(plan, plan.programs[0], Shape(64, 32, 384)))
            try:
                array.run(array.module)
            finally:
                array.stop()

    def test_one_transfer_too_many_in_a_queue_is_seen(self):
        self.with_more(groups_in_flight=4)
        with self.assertRaises(fake_iron.Hang) as caught:
            self.with_more(groups_in_flight=5)
        self.assertIn("task queue is full", str(caught.exception))

    def test_more_descriptors_than_a_tile_has_are_refused_as_aiecc_would(self):
        with self.assertRaises(fake_iron.DoesNotFit) as caught:
            self.with_more(core_buffers={"a": 6, "b": 6, "c": 6})
        self.assertIn("16 buffer descriptors, and the design needs 18", str(caught.exception))
        with self.assertRaises(fake_iron.DoesNotFit) as caught:
            self.with_more(memory_buffers={"a": 9, "b": 9, "c": 2})
        self.assertIn("for every other channel", str(caught.exception))

    def test_the_plan_counts_what_the_design_uses(self):
        plan = Plan.load()
        program = plan.programs[0]
        with fake_iron.installed():
            module = design.build(plan, program, Shape(512, program.tile.k, program.tile.n * plan.columns))
        used = module.resources()
        self.assertEqual(max(u.descriptors for (_, row), u in used.items() if row == 1), 24)
        self.assertEqual(max(u.half for (_, row), u in used.items() if row == 1), 16)
        self.assertEqual((24, 16), plan.memory_tile_descriptors())
        self.assertEqual(max(u.locks for (_, row), u in used.items() if row == 1), 12)
        self.assertEqual({(u.descriptors, u.locks) for (_, row), u in used.items() if row > 1}, {(7, 7)})

    def test_every_program_stays_within_channels_and_descriptors(self):
        plan = Plan.load()
        for program in plan.programs:
            shape = Shape(3072, program.tile.k * 2, program.tile.n * plan.columns * 2)
            with fake_iron.installed():
                module = design.build(plan, program, shape)
            for (_, row), used in module.resources().items():
                limits = plan.shim if row == 0 else plan.memory_tile if row == 1 else plan.core
                # A shim's way out is the array's way in.
                ways = ("dma_in", "dma_out") if row else ("dma_out", "dma_in")
                self.assertLessEqual(len(used.into), limits[ways[0]])
                self.assertLessEqual(len(used.out), limits[ways[1]])
            self.assertLessEqual(module.most_descriptors(), plan.shim["buffer_descriptors"])
            self.assertGreater(module.most_descriptors(), 3)  # more than one group at once
            self.assertEqual(len(module.workers), 32)
            self.assertEqual({w.stack_size for w in module.workers}, {plan.core["stack"]})
            self.assertEqual({w.tile.row for w in module.workers}, {2, 3, 4, 5})
            self.assertEqual({file for file, _ in module.kernels.values()}, {f"{program.name}.o"})


def elf_object(sections, wide=False):
    """A relocatable ELF object: (name, flags, content) of each section."""
    names = b"\0" + b"".join(name + b"\0" for name, _, _ in sections) + b".shstrtab\0"
    header = 64 if wide else 52
    body, entries, at = b"", [(0, 0, 0, 0, 0)], 1
    for name, flags, content in [*sections, (b".shstrtab", 0, names)]:
        entries.append((at, 1, flags, header + len(body), len(content)))
        at, body = at + len(name) + 1, body + content
    kind = "<IIQQQQIIQQ" if wide else "<IIIIIIIIII"
    table = b"".join(struct.pack(kind, n, k, f, 0, o, size, 0, 0, 1, 0) for n, k, f, o, size in entries)
    start = b"\x7fELF" + bytes([2 if wide else 1, 1, 1]) + bytes(9) + struct.pack("<HHI", 1, 264, 1)
    numbers = struct.pack("<QQQ" if wide else "<III", 0, 0, header + len(body))
    sizes = struct.pack("<IHHHHHH", 0, header, 0, 0, struct.calcsize(kind), len(entries), len(entries) - 1)
    return start + numbers + sizes + body + table


class ObjectSizes(unittest.TestCase):
    def sizes(self, sections, wide=False):
        with tempfile.TemporaryDirectory() as directory:
            file = Path(directory) / "kernel.o"
            file.write_bytes(elf_object(sections, wide))
            return object_sizes.read(file)

    def test_code_and_frames_are_read_from_an_object(self):
        # An address and a ULEB128 for each function: 64, and 3,200 = 0x19 * 128.
        for wide, address in ((False, bytes(4)), (True, bytes(8))):
            frames = [(b".stack_sizes", 0, address + b"\x40"), (b".stack_sizes", 0, address + b"\x80\x19")]
            code = [(b".text.init", 6, bytes(100)), (b".text.multiply", 6, bytes(2000)), (b".rodata", 2, bytes(50))]
            self.assertEqual(self.sizes(code + frames, wide), object_sizes.Sizes(2100, 3200))

    def test_a_kernel_that_does_not_fit_is_refused(self):
        fits = object_sizes.Sizes(16384, 3328 - 64)
        object_sizes.check("k.o", fits, 3328, 16384)
        for sizes, words in (
            (object_sizes.Sizes(16400, 0), "16400 bytes of program memory"),
            (object_sizes.Sizes(100, 3328 - 63), "3329 bytes of stack"),
            (object_sizes.Sizes(100, None), "-fstack-size-section"),
        ):
            with self.assertRaises(ValueError) as caught:
                object_sizes.check("k.o", sizes, 3328, 16384)
            self.assertIn(words, str(caught.exception))

    def test_what_is_no_object_is_refused(self):
        with tempfile.TemporaryDirectory() as directory, self.assertRaises(ValueError):
            file = Path(directory) / "kernel.o"
            file.write_bytes(b"!<arch>\n")
            object_sizes.read(file)


class Signatures(unittest.TestCase):
    """fake_iron refuses what the pinned IRON refuses."""

    def refused(self, error, words, call):
        with fake_iron.installed(), self.assertRaises(error) as caught:
            call()
        self.assertIn(words, str(caught.exception))

    def test_what_is_gone_or_takes_keywords_only_is_refused(self):
        kind = fake_iron.ArrayType((256,), "int32")
        walk = fake_iron.TensorAccessPattern((256,), 0, [2, 8, 2, 8], [128, 8, 64, 1])
        fifo = fake_iron.ObjectFifo
        self.refused(TypeError, "positional", lambda: fifo(kind, 2, "name"))
        self.refused(TypeError, "dims_to_stream", lambda: fifo(kind, name="c", dims_to_stream=[(2, 128), (8, 8)]))
        self.refused(TypeError, "TensorAccessPattern", lambda: fifo(kind, name="c", to_stream=[(2, 128), (8, 8)]))
        self.refused(ValueError, "depth 0", lambda: fifo(kind, name="c", depth=0))
        self.refused(TypeError, "task_group", lambda: fifo(kind, name="a").prod().fill("a", tap=walk, task_group=None))
        self.refused(TypeError, "placement", lambda: fifo(kind, name="a").prod(placement=None))
        self.refused(TypeError, "positional", lambda: fake_iron.Worker(None, [], None, 1024))
        self.refused(TypeError, "bin_name", lambda: fake_iron.Kernel("init", bin_name="k.o"))

    def test_a_joined_fifo_is_walked_part_by_part(self):
        part, whole = fake_iron.ArrayType((256,), "int32"), fake_iron.ArrayType((512,), "int32")
        walk = fake_iron.TensorAccessPattern((512,), 0, [4, 8, 2, 8], [128, 8, 64, 1])
        joined = fake_iron.ObjectFifo(whole, name="c", to_stream=walk)
        tile = fake_iron.Tile(0, 1)
        self.refused(
            ValueError,
            "walks 512 words, but each transfer moves 256",
            lambda: joined.prod().join([0, 256], tile, [2, 2], [part, part], ["c_0", "c_1"]),
        )


class Build(unittest.TestCase):
    def test_without_its_tools_it_says_what_is_missing_and_what_to_install(self):
        with self.assertRaises(build.MissingTool) as caught:
            build.Tools.find("/nowhere")
        for word in ("mlir_aie 1.4.4 is needed", "Peano", "/nowhere", "xclbinutil"):
            self.assertIn(word, str(caught.exception))
        for pinned in (build.toolchain()["mlir_aie"], build.toolchain()["llvm_aie"]):
            self.assertIn(f"'{pinned['package']}=={pinned['version']}'", build.install_command())
            self.assertIn(f"-f {pinned['find_links']}", build.install_command())

    def test_another_version_is_refused_before_anything_is_built(self):
        pinned = {p["package"]: p["version"] for p in (build.toolchain()["mlir_aie"], build.toolchain()["llvm_aie"])}
        self.assertEqual(build.wrong_versions(pinned.get), [])
        other = {**pinned, "mlir_aie": "1.4.0"}
        self.assertEqual(build.wrong_versions(other.get), ["mlir_aie 1.4.4 is needed, and 1.4.0 is installed"])
        self.assertEqual(len(build.wrong_versions({}.get)), 2)

    def test_the_toolchain_says_why(self):
        for name in ("mlir_aie", "llvm_aie"):
            pinned = build.toolchain()[name]
            self.assertRegex(pinned["version"], r"^\d+\.\d+\.\d+")
            self.assertTrue(pinned["why"])

    def test_the_manifest_is_what_npuscribe_reads(self):
        plan = Plan.load()
        program = plan.program("bfp16_128x32x64")
        shapes = plan.shapes(program, ["base"])[:2]
        with tempfile.TemporaryDirectory() as directory:
            out = Path(directory)
            (out / "bfp16_128x32x64.xclbin").write_bytes(b"abc")
            for shape in shapes:
                (out / build.instructions_name(program, shape)).write_bytes(b"")
            text = build.manifest(plan, out, {program: shapes})
        self.assertEqual(text["format"], 2)
        self.assertEqual(text["layout_version"], 2)
        (entry,) = text["programs"]
        self.assertEqual(entry["tile"], {"m": 128, "k": 32, "n": 64})
        # SHA-256 of "abc" and of nothing: FIPS 180-2, appendix B.1, and its well-known empty digest.
        self.assertEqual(entry["sha256"], "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        self.assertEqual(
            entry["shapes"][0]["sha256"], "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        )

    def test_only_the_first_shape_builds_an_xclbin(self):
        tools = build.Tools("aiecc", Path("/peano"), Path("/headers"))
        whole = build.aiecc_command(tools, Path("d.mlir"), Path("/work"), "i.bin", "x.xclbin")
        rest = build.aiecc_command(tools, Path("d.mlir"), Path("/work"), "i.bin", None)
        for command in (whole, rest):
            self.assertIn("--get-npu-insts", command)
            self.assertEqual(command[-1], "d.mlir")
        self.assertIn("--get-xclbin", whole)
        self.assertNotIn("--get-xclbin", rest)

    def test_aiecc_is_given_options_of_the_pinned_release_alone(self):
        tools = build.Tools("aiecc", Path("/peano"), Path("/headers"))
        accepted = set(build.toolchain()["aiecc_options"])
        used = build.aiecc_command(tools, Path("d.mlir"), Path("/work"), "i.bin", "x.xclbin")[1:-1]
        self.assertEqual({option.split("=")[0] for option in used}, accepted)

    def test_kernels_are_compiled_for_their_tile(self):
        tools = build.Tools("aiecc", Path("/peano"), Path("/headers"))
        command = build.compile_command(tools, Plan.load().program("int8_64x64x96"), Path("k.o"))
        for flag in ("-DDIM_M=64", "-DDIM_K=64", "-DDIM_N=96", "--target=aie2p-none-unknown-elf"):
            self.assertIn(flag, command)
        self.assertIn("-fstack-size-section", command)  # without it aiecc cannot measure the stack
        self.assertTrue(any(part.endswith("aie2p/mm_int8.cc") for part in command))


if __name__ == "__main__":
    unittest.main()
