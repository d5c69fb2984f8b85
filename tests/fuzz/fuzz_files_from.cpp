// Any bytes as the list of --files-from name inputs, each with a name for its outputs, or throw UsageError.

#include "audio/url_input.h"
#include "base/error.h"
#include "fuzz_input.h"
#include "inputs.h"
#include "output_names.h"
#include "terminal_text.h"

namespace {

using namespace npuscribe;

void check_names(const app::List& list) {
    std::vector<app::Input> inputs;
    for (const corpus::Entry& entry : list.entries) {
        app::Input& input = inputs.emplace_back();
        input.path = entry.audio;
        if (list.is_manifest) input.entry = entry;
        fuzz::require(!corpus::key(entry.audio, entry.start()).empty());
        app::shorten(app::printable(input.path.string()), 40);
    }
    app::keep_directories(inputs, app::root_of(inputs, {}, list.directory));
    app::decide_names(inputs);
    for (const app::Input& input : inputs) {
        fuzz::require(input.name.find('/') == std::string::npos);
        if (!audio::is_url(input.path.string()) && !corpus::is_address(input.path))
            fuzz::require(input.below.empty() || *input.below.begin() != "..");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    static const fuzz::MemoryFile file;
    file.write({reinterpret_cast<const char*>(data), size});
    try {
        const app::List list = app::read_list(file.path());
        fuzz::require(!list.entries.empty());
        check_names(list);
    } catch (const UsageError&) {  // the right answer to most inputs
    }
    return 0;
}
