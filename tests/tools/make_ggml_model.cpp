// make_ggml_model MODEL FILE --dtype f32|f16|q8_0|q5_0|q5_1|q4_0|q4_1
// Writes a model in whisper.cpp's format.

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <map>

#include "ggml_writer.h"
#include "model/model.h"

int main(int argc, char** argv) {
    using namespace npuscribe;
    CLI::App app("Writes a Whisper model as whisper.cpp has it");
    std::string name;
    std::string file;
    DType dtype = DType::f16;
    const std::map<std::string, DType> dtypes = {
        {"f32", DType::f32},   {"f16", DType::f16},   {"q8_0", DType::q8_0}, {"q5_0", DType::q5_0},
        {"q5_1", DType::q5_1}, {"q4_0", DType::q4_0}, {"q4_1", DType::q4_1}};
    app.add_option("model", name, "a model's directory or name")->required();
    app.add_option("file", file, "where it goes, such as ggml-base.bin")->required();
    app.add_option("--dtype", dtype, "of the matrices")->transform(CLI::CheckedTransformer(dtypes));
    CLI11_PARSE(app, argc, argv);
    try {
        const Model model = load_model(name);
        std::vector<std::string> tokens;
        for (Token token = 0; token < model.tokenizer.eot(); ++token)
            tokens.push_back(model.tokenizer.bytes({&token, 1}));
        test::write_ggml(file, model.dimensions(), dtype, tokens, [&](const NamedShape& tensor) {
            const Buffer<float> values = model.checkpoint->read(tensor.name);
            return std::vector<float>(values.data(), values.data() + values.size());
        });
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
    return 0;
}
