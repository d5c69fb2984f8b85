// make_random_model DIR --size large-v3-turbo --format safetensors|ct2|ggml
//                   --dtype f32|f16|bf16|int8|q8_0|q5_0|q5_1|q4_0|q4_1
//                   [--vocabulary MODEL_DIR] [--shards N] [--seed N]
// Writes a model directory with random weights at the dimensions of a model of the catalog.

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <map>

#include "model/catalog.h"
#include "random_model.h"

int main(int argc, char** argv) {
    using namespace npuscribe;
    CLI::App app("Writes a Whisper model with random weights");
    std::string directory;
    std::string size;
    std::string vocabulary;
    test::RandomModel model;
    const std::map<std::string, test::ModelFormat> formats = {{"ct2", test::ModelFormat::ct2},
                                                              {"safetensors", test::ModelFormat::safetensors},
                                                              {"ggml", test::ModelFormat::ggml}};
    const std::map<std::string, DType> dtypes = {
        {"f32", DType::f32},   {"f16", DType::f16},   {"bf16", DType::bf16},
        {"int8", DType::i8},   {"q8_0", DType::q8_0}, {"q5_0", DType::q5_0},
        {"q5_1", DType::q5_1}, {"q4_0", DType::q4_0}, {"q4_1", DType::q4_1}};
    app.add_option("directory", directory, "where the model goes")->required();
    app.add_option("--size", size, "a name of the catalog, such as large-v3-turbo")->required();
    app.add_option("--format", model.format, "ct2, safetensors or ggml")
        ->transform(CLI::CheckedTransformer(formats));
    app.add_option("--dtype", model.dtype, "f32, f16, bf16, int8, or of ggml q8_0, q5_0, q5_1, q4_0, q4_1")
        ->transform(CLI::CheckedTransformer(dtypes));
    app.add_option("--vocabulary", vocabulary, "copy this model's vocabulary");
    app.add_option("--shards", model.shards, "files of a safetensors model")->check(CLI::Range(1, 9));
    app.add_option("--seed", model.seed, "of the random numbers");
    CLI11_PARSE(app, argc, argv);

    const CatalogEntry* entry = find_in_catalog(size);
    if (entry == nullptr) {
        std::fprintf(stderr, "no size %s in the catalog\n", size.c_str());
        return 2;
    }
    model.dimensions = entry->dimensions;
    model.vocabulary = vocabulary;
    try {
        test::write_random_model(directory, model);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
    return 0;
}
