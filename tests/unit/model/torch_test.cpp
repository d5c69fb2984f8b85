// openai-whisper's checkpoints: zip files, pickles, and the tensors in them.

#include <string>
#include <vector>

#include "base/error.h"
#include "base/zip.h"
#include "catch.h"
#include "model/builtin_vocabulary.h"
#include "model/model.h"
#include "model/pickle.h"
#include "model/torch_checkpoint.h"
#include "needs.h"
#include "random_model.h"
#include "temporary_directory.h"
#include "torch_writer.h"
#include "unit/model/random_weights.h"

using namespace npuscribe;
using namespace npuscribe::test;
using namespace std::string_literals;

namespace {

std::span<const std::byte> view(const std::string& bytes) {
    return {reinterpret_cast<const std::byte*>(bytes.data()), bytes.size()};
}

std::string small_checkpoint(const Dimensions& dimensions, DType dtype) {
    return torch_checkpoint(dimensions, dtype, [](const NamedShape& tensor) {
        std::vector<float> values(element_count(tensor.shape).value_or(0));
        for (size_t i = 0; i < values.size(); ++i) values[i] = random_weight(tensor.name, tensor.shape, i, 1);
        return values;
    });
}

std::string error(const std::string& bytes) {
    return message_of<ModelError>([&] { torch::parse(view(bytes), "m"); });
}

// The error for a file with this pickle, and a storage "0" of 8 bytes.
std::string pickle_error(const std::string& pickled) {
    return error(zip_of({{"a/data.pkl", pickled}, {"a/data/0", "12345678"}}));
}

// The error for a checkpoint with one tensor, of these opcodes.
std::string tensor_error(const std::string& opcodes) {
    return pickle_error(pickled_checkpoint(small_dimensions(1, 100), {{"w", opcodes}}));
}

}  // namespace

TEST_CASE("every tensor of openai-whisper's checkpoints comes back with the numbers that were written") {
    const auto [dtype, description] =
        GENERATE(std::pair(DType::f32, "PyTorch, f32"), std::pair(DType::f16, "PyTorch, f16"),
                 std::pair(DType::bf16, "PyTorch, bf16"));
    const Dimensions small = small_dimensions(2, 51864);
    const TemporaryDirectory directory;
    const auto file = directory.write("small.pt", small_checkpoint(small, dtype));
    const auto checkpoint = open_checkpoint(file);
    CHECK(checkpoint->description() == description);
    CHECK(checkpoint->dimensions() == small);
    check_random_weights(*checkpoint, small);
    directory.write("model/model.pt", small_checkpoint(small, dtype));
    CHECK(open_checkpoint(directory / "model")->dimensions() == small);
}

TEST_CASE("such a checkpoint has the vocabulary of its kind, which the program carries") {
    const size_t n_vocab = GENERATE(size_t{51864}, size_t{51865}, size_t{51866});
    const TemporaryDirectory directory;
    const auto file = directory.write("small.pt", small_checkpoint(small_dimensions(1, n_vocab), DType::f16));
    const Model model = load_model(file.string());
    CHECK(model.name == "small");
    CHECK(model.tokenizer.n_vocab() == n_vocab);
    const std::string text = "Übung\nmacht den Meister.";
    CHECK(model.tokenizer.decode(model.tokenizer.encode(text)) == text);
    // OpenAI's tokenizer: " Hello" is 18435 in GPT-2's vocabulary and 2425 in the multilingual one.
    CHECK(model.tokenizer.encode(" Hello") == std::vector<Token>{n_vocab == 51864 ? 18435 : 2425});
}

TEST_CASE("the program's vocabularies are those of the models that were fetched", "[needs-models]") {
    for (const char* name : {"tiny.en", "base"}) {
        need_model(name);
        const Model model = load_model(name, Prefer::original);
        const auto n_text = static_cast<size_t>(model.tokenizer.eot());
        const BytePairs builtin = builtin_vocabulary(n_text);
        REQUIRE(builtin.size() == n_text);
        for (Token token = 0; token < model.tokenizer.eot(); ++token)
            REQUIRE(builtin.bytes(static_cast<size_t>(token)) == model.tokenizer.bytes({&token, 1}));
    }
    CHECK_THROWS_AS(builtin_vocabulary(100), ModelError);
}

TEST_CASE("a pickle that would run something is refused, and nothing is run") {
    // What pickle.dumps makes of a class whose __reduce__ gives (os.system, ("...",)).
    CHECK(contains(pickle_error("\x80\x02"
                                "cposix\nsystem\n" +
                                pickled_tuple({pickled_text("touch x")}) + "R."),
                   "m: is not a file of tensors alone: it would run posix.system"));
    const std::string stack_global =
        "\x80\x04\x8C\x08"
        "builtins\x8C\x04"
        "eval\x93.";
    CHECK(contains(pickle_error(stack_global), "it would run builtins.eval"));
    for (const std::string opcode : {"i", "o", "\x81", "\x92", "\x82", "P", "I", "\x97"})
        CHECK(contains(pickle_error("\x80\x02" + opcode + "."), "which tensors do not need"));
    CHECK(contains(pickle_error("\x80\x06N."), "has version 6"));
}

TEST_CASE("a damaged pickle is refused") {
    const auto wrong = [](const std::string& opcodes, const char* part) {
        INFO(opcodes);
        CHECK(contains(pickle_error("\x80\x02" + opcodes), part));
    };
    wrong("", "an opcode at byte 2 needs 1 bytes");
    wrong(".", "takes a value where there is none");
    wrong("N(.", "takes a value where there is none");
    wrong("Nt.", "a mark that it has not set");
    wrong(std::string("h\0.", 3), "has not kept");
    wrong(std::string("q\0.", 3), "keeps a value where there is none");
    wrong("NNa.", "adds to something that is no list");
    wrong("}(Nu.", "a key without a value");
    wrong("NN\x86R.", "takes a value where there is none");
    wrong("NNR.", "calls something that is no function");
    wrong(
        "\x8A\x09"
        "123456789.",
        "more than 64 bits");
    wrong("X\xFF\xFF\xFF\xFF", "a text at byte 7 needs 4294967295 bytes");
    wrong(
        "c"
        "collections",
        "a name at byte");
    wrong("N.", "lacks \"dims\" or \"model_state_dict\"");
    wrong("}(" + pickled_text("dims") + "}" + pickled_text("model_state_dict") + "}u.", "have no n_mels");
    // A million tuples inside each other end neither the stack nor the memory.
    wrong(")" + std::string(1'000'000, '\x85') + ".", "lacks \"dims\"");
    CHECK(contains(pickle_error(std::string(3 << 20, 'N')), "its pickle has 3145728 bytes"));
}

TEST_CASE("numbers of every length and values that come again are read") {
    const std::string bytes = "\x80\x02(K\xFFM\xFF\xFFJ\xFF\xFF\xFF\xFF\x8A\x02\x00\x80\x8A\x00q\x05h\x05t."s;
    const auto document = pickle::parse(view(bytes), {}, "m");
    std::vector<int64_t> numbers;
    for (const pickle::Id id : document[document.root].items) numbers.push_back(document[id].number);
    CHECK(numbers == std::vector<int64_t>{255, 65535, -1, -32768, 0, 0});
}

TEST_CASE("a tensor must lie inside its storage, row by row") {
    CHECK(contains(tensor_error(pickled_tensor("HalfStorage", "0", {5})),
                   "tensor w [5] does not fit into its storage of 8 bytes"));
    CHECK(
        contains(tensor_error(pickled_tensor("FloatStorage", "0", {2}, 1)), "does not fit into its storage"));
    CHECK(contains(tensor_error(pickled_tensor("HalfStorage", "9", {2})), "it has no a/data/9"));
    CHECK(contains(tensor_error(pickled_tensor("HalfStorage", "0", {1U << 30, 1U << 30, 1U << 30})),
                   "tensor w"));
    std::string transposed = pickled_tensor("HalfStorage", "0", {2, 2});
    const std::string strides = pickled_tuple({pickled_number(2), pickled_number(1)});
    transposed.replace(transposed.find(strides), strides.size(),
                       pickled_tuple({pickled_number(1), pickled_number(2)}));
    CHECK(contains(tensor_error(transposed), "tensor w does not lie row by row"));
    // Other types are no tensors of Whisper, and are left out.
    const auto contents = torch::parse(
        view(zip_of({{"a/data.pkl", pickled_checkpoint(small_dimensions(1, 100),
                                                       {{"w", pickled_tensor("LongStorage", "0", {1})},
                                                        {"x", pickled_tensor("HalfStorage", "0", {2, 2})}})},
                     {"a/data/0", "12345678"}})),
        "m");
    CHECK(contents.tensors.size() == 1);
    CHECK(contents.tensors.at("x").shape == std::vector<size_t>{2, 2});
}

TEST_CASE("a checkpoint that is cut off or contradicts itself is refused") {
    const Dimensions small = small_dimensions(1, 100);
    const std::string whole = small_checkpoint(small, DType::f16);
    for (size_t size = 0; size < whole.size(); size += 1 + whole.size() / 40)
        REQUIRE(contains(error(whole.substr(0, size)), "m: is a damaged zip file"));
    const TemporaryDirectory directory;
    std::string wrong = whole;
    const std::string dims = pickled_text("n_mels") + pickled_number(16);
    wrong.replace(wrong.find(dims), dims.size(), pickled_text("n_mels") + pickled_number(17));
    const auto file = directory.write("wrong.pt", wrong);
    CHECK(contains(message_of<ModelError>([&] { open_checkpoint(file); }),
                   "n_mels is 17, but the tensors make it 16"));
}

TEST_CASE("a zip file's directory is read in both of its forms, and damage is named") {
    for (const bool in_64_bits : {false, true}) {
        const std::string bytes = zip_of({{"one", "first"}, {"below/", ""}, {"below/two", ""}}, in_64_bits);
        const ZipDirectory entries = read_zip(view(bytes), "m");
        REQUIRE(entries.size() == 2);
        const auto& one = entries.at("one");
        CHECK(std::string(reinterpret_cast<const char*>(one.bytes.data()), one.bytes.size()) == "first");
        CHECK(entries.at("below/two").size == 0);
    }
    const std::string good = zip_of({{"one", "first"}});
    const auto with = [&](size_t at, const std::string& bytes) {
        std::string changed = good;
        changed.replace(at, bytes.size(), bytes);
        return message_of<ModelError>([&] { read_zip(view(changed), "m"); });
    };
    const size_t directory = good.find("PK\x01\x02");
    CHECK(contains(with(directory, "XX"), "its directory is damaged"));
    CHECK(contains(with(directory + 8, "\x01"), "is encrypted"));
    CHECK(contains(with(directory + 10, "\x0C"), "packed by an unknown method"));
    CHECK(contains(with(directory + 20, "\x63"), "has two sizes"));
    CHECK(contains(with(directory + 42, "\x03"), "is not where the directory says"));
    CHECK(contains(with(directory + 43, "\xFF"), "lies outside the file"));
    CHECK(contains(with(directory + 28, "\xFF\xFF"), "name is cut off"));
    CHECK(contains(with(good.size() - 6, "\xFF\xFF"), "lies outside the file"));
    CHECK(contains(message_of<ModelError>([&] {
                       read_zip(view(zip_of({{"a", ""}, {"a", ""}})), "m");
                   }),
                   "has a twice"));
    CHECK(contains(message_of<ModelError>([&] { read_zip({}, "m"); }), "m: is a damaged zip file"));
}
