// Any bytes as a list of recordings and as manifests: entries or a UsageError, records or none, and whatever
// is written again can be read again.

#include "base/error.h"
#include "corpus/manifest_file.h"
#include "corpus/merge.h"
#include "corpus/shard.h"
#include "fuzz_input.h"

namespace {

using namespace npuscribe;
using namespace npuscribe::corpus;

std::vector<Entry> entries_of(std::string_view text) {
    try {
        return read_manifest(text, "/recordings", "the list");
    } catch (const UsageError&) {
        return {};
    }
}

void check_entries(const std::vector<Entry>& entries) {
    std::vector<std::optional<double>> durations;
    for (const Entry& entry : entries) {
        durations.push_back(entry.duration);
        const std::string line = to_line(entry);
        fuzz::require(read_manifest(line, "/", "our own").size() == 1);
    }
    size_t in_shards = 0;
    for (size_t index = 0; index < 3; ++index) in_shards += members(durations, {index, 3}).size();
    fuzz::require(in_shards == entries.size());
}

/// A manifest that any process left behind can be appended to, unless it is another file.
void check_append(std::string_view text, const Record& record) {
    static const fuzz::MemoryFile file;
    file.write(text);
    try {
        ManifestFile(file.path()).append(record);
    } catch (const UsageError&) {
        return;
    }
    fuzz::require(ManifestFile(file.path()).before().contains(record.key()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    fuzz::Cutter input(data, size);
    const std::string_view list = input.until('\0');
    const std::vector<Entry> entries = entries_of(list);
    check_entries(entries);
    const std::string_view lines = input.rest();
    Entry entry;
    entry.audio = "/a.wav";
    Record record = record_of(entries.empty() ? entry : entries.front());
    record.text = lines.substr(0, 20);
    record.error = list.substr(0, 20);
    fuzz::require(parse_record(to_line(record)).has_value());
    check_append(lines, record);

    Merge merge;
    if (!entries.empty()) merge.expect(entries, is_manifest("list", list));
    merge.add(lines);
    merge.add(list);
    totals_text(merge.totals());
    merge_json(merge);
    merge_html(merge);
    merge.write_corpus([](std::string_view line) { fuzz::require(parse_record(line).has_value()); });
    entries_of(merge.missing_list());
    return 0;
}
