// Any bytes beside an output, as what an earlier run finished of it: segments that can be gone on from, or
// none.

#include "fuzz_input.h"
#include "output/formats.h"
#include "partial.h"
#include "temporary_directory.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace npuscribe;
    static const test::TemporaryDirectory directory;
    static const std::filesystem::path output = directory / "talk.json";
    test::write_file(output.string() + ".partial",
                     "{\"made_of\":\"talk\"}\n" + std::string(reinterpret_cast<const char*>(data), size));
    const std::optional<FinishedPart> part = app::Partial(output, "talk").read();
    if (!part) return 0;
    Transcript transcript;
    transcript.segments = part->segments;
    fuzz::require(!output::json(transcript).empty());
    app::Partial again(output, "talk");
    again.add(*part, part);
    again.read();
    return 0;
}
