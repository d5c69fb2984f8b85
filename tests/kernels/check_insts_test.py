"""check_insts.py: calibrated on streams that mlir-aie's own tests expect, then given streams that are wrong in each way."""

import json
import struct
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "kernels"), str(ROOT / "tests" / "kernels")]

import build  # noqa: E402
import check_insts  # noqa: E402
import design  # noqa: E402
import fake_iron  # noqa: E402
import fake_stream  # noqa: E402
from array_plan import Plan, Shape  # noqa: E402
from check_insts import BadStream, Descriptor, Op, decode  # noqa: E402


class Calibration(unittest.TestCase):
    """What these words mean is known from mlir-aie, not from this project."""

    # test/Targets/NPU/npu2_instgen.mlir @08c556e: each operation, and the words that it becomes.
    instgen = [
        [0x00000000, 0x00000000, 0x06400DEF, 0x00000000, 0x00000042, 0x00000018],  # write32 column 3 row 4
        [0x00000000, 0x00000000, 0xABC00DEF, 0x00000000, 0x00000314, 0x00000018],
        [0x00000001, 0x00000000, 0x12345679, 0x00000030, *range(100, 108)],  # blockwrite of 8 words
        [0x00000001, 0x00000101, 0x02100064, 0x00000030, *range(100, 108)],  # column 1 row 1
        [0x00000003, 0x00000000, 0x0430567A, 0x00000000, 0x00001001, 0xF00FF00F, 0x0000001C],  # maskwrite32
        [0x00000080, 0x00000010, 0x00030401, 0x05010200],  # sync column 3 row 4 direction 1 channel 5, 1 x 2 tiles
        [0x00000306],  # preempt, level 3
    ]

    def test_a_whole_stream_of_every_operation(self):
        words = [0x06040100, 0x00000108, 7, 0xD0, *(word for op in self.instgen for word in op)]
        ops = decode(words)
        self.assertEqual([list(op.words) for op in ops], self.instgen)
        self.assertEqual([op.code for op in ops], [0, 0, 1, 1, 3, 0x80, 6])
        self.assertEqual((ops[0].tile, ops[0].offset), ((3, 4), 0xDEF))
        self.assertEqual((ops[3].tile, ops[3].offset), ((1, 1), 100))
        self.assertEqual((ops[4].tile, ops[4].offset), ((2, 3), 0x567A))
        self.assertEqual(tuple(words[:2]), check_insts.HEADER)

    def test_the_encoder_of_these_tests_agrees(self):
        self.assertEqual(fake_stream.write((3, 4), 0xDEF, 0x42), self.instgen[0])
        self.assertEqual(fake_stream.block_write((1, 1), 100, range(100, 108)), self.instgen[3])
        self.assertEqual(fake_stream.sync(3, 1, 5)[2] & 0xFF00FF, 0x030001)
        self.assertEqual(fake_stream.sync(3, 1, 5)[3], 0x05010100)

    def test_an_address_of_more_than_32_bits(self):
        # test/Targets/NPU/npu_address_patch_arg_plus_64bit.mlir @875a349: 8 GiB + 0x100 in words 10 and 11.
        patch = Op(4, check_insts.PATCH, (0x81, 48, 0, 0, 0, 0, 0x12340, 0, 0, 0, 0x100, 2))
        self.assertEqual(patch.address, 74560)
        self.assertEqual(patch.words[10] | patch.words[11] << 32, 8589934848)

    def test_a_descriptor(self):
        # test/Targets/NPU/npu_dma_memcpy.mlir: [1, 2, 32, 32][4096, 2048, 64, 1] in a buffer of i32, at address 118784.
        words = [value & 0xFFFFFFFF for value in (2048, 0, 0, 33554432, -2113929153, 2047, 0, 33554432)]
        descriptor = Descriptor(tuple(words))
        descriptor.check()
        self.assertEqual(descriptor.length, 2048)
        # The second 32 rows follow the first 32 without a gap, so that they are one walk of 64.
        self.assertEqual(descriptor.walk(), ((64, 64), (32, 1)))
        self.assertEqual(check_insts.DESCRIPTORS.index(118784), 0)
        self.assertIn(118788 - 4, check_insts.DESCRIPTORS)  # where its address is patched

    def test_a_linear_descriptor(self):
        # test/Conversion/DmaToNpu/dma_to_npu_burst_length.mlir: [1, 1, 1, 32] with bursts of 512 bytes.
        descriptor = Descriptor((32, 0, 0, 0, 0xC0000000, 0, 0, 0x02000000))
        descriptor.check()
        self.assertEqual(descriptor.walk(), ((32, 1),))

    def test_every_field_of_a_descriptor_that_a_matmul_does_not_use(self):
        # A writebd of iree-amd-aie's and mlir-aie's tests that fills them all.
        words = (1, 2, 0, 0x00600005, 0x80800007, 9, 0x2CD0000C, 0x2E107041)
        with self.assertRaises(BadStream):
            Descriptor(words).check()

    def test_queues_locks_and_status_registers(self):
        # push_to_queue.mlir: S2MM 1 at 119308, MM2S 0 of column 2 at 119316; aiert_insts.mlir: S2MM 0 at 119300.
        self.assertEqual(check_insts.QUEUES[119308], (check_insts.S2MM, 1))
        self.assertEqual(check_insts.QUEUES[119316], (check_insts.MM2S, 0))
        self.assertEqual(check_insts.QUEUES[119300], (check_insts.S2MM, 0))
        # queue-depth-interleaved-channels.mlir: room in MM2S 0 and 1 is seen at 119336 and 119340, mask 4194304.
        self.assertEqual(check_insts.STATUSES[119336], (check_insts.MM2S, 0))
        self.assertEqual(check_insts.STATUSES[119340], (check_insts.MM2S, 1))
        self.assertEqual(check_insts.QUEUE_FULL, 4194304)
        # The test of set_lock: lock 0 of a core at 126976, lock 15 at 127216.
        self.assertEqual(check_insts.LOCKS.index(126976), 0)
        self.assertEqual(check_insts.LOCKS.index(127216), 15)


def small_plan():
    data = json.loads((ROOT / "kernels" / "plan.json").read_text())
    data["array"].update(columns=2, rows=2)
    data["programs"] = [{"name": "small", "kernel": "bfp16", "tile": {"m": 16, "k": 32, "n": 32}, "states": [64]}]
    data["rows"] = [32, 64]
    return Plan(data)


class Streams(unittest.TestCase):
    # Eight groups, three tiles of K: more groups than there are descriptors or places in a queue.
    plan, shape = small_plan(), Shape(128, 96, 128)

    def setUp(self):
        with fake_iron.installed():
            self.module = design.build(self.plan, self.plan.programs[0], self.shape)
        self.operations = fake_stream.encode(self.module)

    def check(self, operations=None, mlir=None):
        words = fake_stream.finish(self.operations if operations is None else operations)
        check_insts.check(self.plan, self.plan.programs[0], self.shape, words, mlir)

    def refused(self, *words, mlir=None):
        with self.assertRaises(BadStream) as caught:
            self.check(mlir=mlir)
        for word in words:
            self.assertIn(word, str(caught.exception))

    def find(self, code, nth=0, where=lambda operation: True):
        """Index of the nth operation of a kind."""
        return [i for i, op in enumerate(self.operations) if op[0] == code and where(op)][nth]

    def pushes(self, operand, column):
        """Indices of the operand's queue writes in a column: each follows a block write and a patch."""
        argument = fake_stream.ARGUMENTS[operand]
        return [
            i + 1
            for i, op in enumerate(self.operations)
            if op[0] == 0x81 and op[8] == argument and op[6] >> 25 == column
        ]

    def test_the_design_is_encoded_as_the_plan_says(self):
        self.check()
        self.check(mlir=fake_stream.placed_module(self.module))

    def test_every_program_and_a_large_shape(self):
        plan = Plan.load()
        for program in plan.programs:
            result = "gelu_bfp16" if program.kernel == "bfp16" else "sums"
            shape = Shape(1536, program.tile.k * 4, program.tile.n * plan.columns * 2, result)
            with fake_iron.installed():
                module = design.build(plan, program, shape)
            words = fake_stream.finish(fake_stream.encode(module))
            check_insts.check(plan, program, shape, words, fake_stream.placed_module(module))
            for other in (
                Shape(1536, program.tile.k * 5, program.tile.n * plan.columns * 2, result),
                Shape(1536, program.tile.k * 4, program.tile.n * plan.columns * 2, "bf16"),
            ):
                with self.assertRaises(BadStream):
                    check_insts.check(plan, program, other, words)

    # The stream itself

    def test_a_stream_that_is_cut_off(self):
        words = fake_stream.finish(self.operations)
        for end, message in ((3, "no stream"), (len(words) - 1, "bytes")):
            with self.assertRaises(BadStream) as caught:
                check_insts.check(self.plan, self.plan.programs[0], self.shape, words[:end])
            self.assertIn(message, str(caught.exception))
        words[2] += 1
        with self.assertRaises(BadStream) as caught:
            decode(words)
        self.assertIn("operations", str(caught.exception))

    def test_another_array(self):
        words = fake_stream.finish(self.operations)
        words[0] = 0x06030100  # XDNA1
        with self.assertRaises(BadStream) as caught:
            check_insts.check(self.plan, self.plan.programs[0], self.shape, words)
        self.assertIn("not XDNA2", str(caught.exception))

    def test_operations_that_nobody_knows_or_needs(self):
        self.operations.insert(5, [0x0C, 0, 0])
        self.refused("no operation that this knows")
        self.operations[5] = [8, 0, 0, 0]
        self.refused("nothing that a matmul needs")
        self.operations[5] = [0, 0, fake_stream.address((0, 2), 0x32000), 0, 1, 24]
        self.refused("does not write")
        self.operations[5] = [0, 0, fake_stream.address((0, 2), 0xE000), 0, 1, 28]
        self.refused("28 bytes")

    # Transfers

    def test_a_wrong_address(self):
        self.operations[self.pushes("b", 1)[2] - 1][10] += 4
        self.refused("group 2, b, column 1 starts at byte", "the plan says")

    def test_a_wrong_buffer(self):
        self.operations[self.pushes("b", 1)[2] - 1][8] = 0
        self.refused("operand a on the channel")
        self.setUp()
        self.operations[self.pushes("b", 1)[2] - 1][8] = 3
        self.refused("argument 3")

    def test_a_wrong_length(self):
        self.operations[self.pushes("a", 0)[1] - 2][4] -= 1
        self.refused("group 1, a, column 0 has", "words")

    def test_a_wrong_stride_or_size(self):
        at = self.pushes("c", 1)[0] - 2
        self.operations[at][8] += 1
        self.refused("group 0, c, column 1 walks")
        self.setUp()
        # Pieces are 144 words: 4 for each of two cores. Twice that is still whole rows, of other words.
        self.operations[at][7] = 288 << 20
        self.refused("c, column 1 walks")

    def test_a_descriptor_with_more_than_a_plain_transfer(self):
        at = self.pushes("b", 0)[0] - 2
        for register, bits, message in (
            (7, 1 << 25, "not valid"),
            (7, 1 << 26, "goes on"),
            (7, 1 << 12, "locks"),
            (6, 1 << 20, "iterates"),
            (2, 1 << 30, "packets"),
        ):
            self.operations[at][4 + register] ^= bits
            self.refused(message)
            self.operations[at][4 + register] ^= bits

    def test_a_repeated_transfer(self):
        self.operations[self.pushes("b", 0)[0]][4] |= 1 << 16
        self.refused("repeated")

    def test_a_transfer_without_an_address(self):
        del self.operations[self.pushes("b", 0)[0] - 1]
        self.refused("without a buffer's address")

    def test_a_missing_and_a_superfluous_transfer(self):
        at = self.pushes("b", 0)[-1]
        del self.operations[at - 2 : at + 1]
        self.refused("transfers are missing", "('b', 0)")
        self.setUp()
        at = self.pushes("b", 0)[-1]
        self.operations += [op[:] for op in self.operations[at - 2 : at + 1]]
        self.refused("more than the plan's 8 transfers of b")

    # Queues, descriptors and waits

    def test_a_fifth_transfer_in_a_queue(self):
        plan = small_plan()
        plan.groups_in_flight = 5
        with fake_iron.installed():
            self.operations = fake_stream.encode(design.build(plan, plan.programs[0], self.shape))
        self.refused("task queue may be full")

    def test_a_poll_makes_room_in_a_queue(self):
        plan = small_plan()
        plan.groups_in_flight = 5
        with fake_iron.installed():
            self.operations = fake_stream.encode(design.build(plan, plan.programs[0], self.shape))
        statuses = {0x1D204: 0x1D220, 0x1D214: 0x1D228, 0x1D21C: 0x1D22C}
        polled = []
        for op in self.operations:  # as aiecc puts a poll before a push that could find the queue full
            if op[0] == 0 and op[2] & 0xFFFFF in statuses:
                polled.append(fake_stream.poll((op[2] >> 25, 0), statuses[op[2] & 0xFFFFF], 0, 1 << 22))
            polled.append(op)
        self.check(polled)
        self.operations = [op if op[0] != 4 else [*op[:5], 1 << 21, 28] for op in polled]
        self.refused("something else than room")

    def test_a_descriptor_that_is_written_while_it_is_used(self):
        first, second = self.pushes("b", 0)[:2]
        same = self.operations[first][4]
        self.operations[second - 2][2] = self.operations[first - 2][2]
        self.operations[second - 1][6] = self.operations[first - 1][6]
        self.operations[second][4] = same
        self.refused(f"descriptor {same} is written while")

    def test_a_missing_wait_and_one_for_nothing(self):
        del self.operations[self.find(0x80, -1)]
        self.refused("ends after 7 of 8 groups")
        self.setUp()
        self.operations.insert(self.find(0x80), fake_stream.sync(0, 1, 0))
        self.refused("a wait that no transfer ends")
        self.setUp()
        self.operations.append(fake_stream.sync(0, 0, 0))
        self.refused("a wait that no transfer ends")

    def test_c_without_a_token(self):
        self.operations[self.pushes("c", 1)[0]][4] &= 0x7FFFFFFF
        self.refused("nothing would tell when C has left")

    # Cores

    def test_wrong_parameters(self):
        self.operations[self.find(0)][4] += 1
        self.refused("is given", "[8, 3, 0, 4] is right")
        self.setUp()
        self.operations[2][4] = 2  # another result than the shape's
        self.refused("is given", "[8, 3, 0, 4] is right")

    def test_a_barrier_before_its_parameters(self):
        self.operations.insert(0, self.operations.pop(4))
        self.refused("without its 4 parameters")
        self.setUp()
        self.operations[3], self.operations[4] = self.operations[4], self.operations[3]
        self.refused("without its 4 parameters")

    def test_a_core_that_is_never_let_go(self):
        del self.operations[4]
        self.refused("before every core has its parameters")

    def test_a_barrier_with_another_value(self):
        self.operations[4][4] = 2
        self.refused("set to 2")

    def test_parameters_and_barriers_elsewhere_than_the_cores_look(self):
        self.refused("reads its parameters at 4096", mlir=fake_stream.placed_module(self.module, parameters=4096))
        self.refused("waits for lock 5", mlir=fake_stream.placed_module(self.module, barrier=5))
        self.refused("names no parameters", mlir="module {}")
        self.operations[4][2] += 0x10
        self.refused("different locks")

    def test_parameters_in_the_stack(self):
        for op in self.operations:
            if op[0] == 0 and op[2] >> 20 & 0x1F >= 2 and op[2] & 0xFFFFF < 0x10000:
                op[2] -= 0xE000 - 0x100
        self.refused("into its stack")

    def test_a_file_is_read_and_listed(self):
        with tempfile.TemporaryDirectory() as directory:
            file = Path(directory) / "stream.bin"
            words = fake_stream.finish(self.operations)
            file.write_bytes(struct.pack(f"<{len(words)}I", *words))
            self.assertEqual(check_insts.read(file), words)
            self.assertIn("write (0, 2) 0x0e000", str(decode(words)[0]))
            file.write_bytes(b"abc")
            with self.assertRaises(BadStream):
                check_insts.read(file)

    def test_a_build_refuses_a_wrong_stream_and_one_without_addresses(self):
        program, name = self.plan.programs[0], "stream.bin"
        with tempfile.TemporaryDirectory() as directory:
            work = Path(directory)

            def built(operations, mlir):
                words = fake_stream.finish(operations)
                (work / name).write_bytes(struct.pack(f"<{len(words)}I", *words))
                if mlir is not None:
                    (work / build.PLACED).write_text(mlir)
                build.check_stream(self.plan, program, self.shape, work, work / name)

            built(self.operations, fake_stream.placed_module(self.module))
            with self.assertRaisesRegex(BadStream, "has not written"):
                built(self.operations, None)
            with self.assertRaisesRegex(BadStream, "stream.bin: .* waits for lock 5"):
                built(self.operations, fake_stream.placed_module(self.module, barrier=5))
            self.operations[4][4] = 2
            with self.assertRaisesRegex(BadStream, "set to 2"):
                built(self.operations, fake_stream.placed_module(self.module))


if __name__ == "__main__":
    unittest.main()
