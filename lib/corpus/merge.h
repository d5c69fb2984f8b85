#pragma once
// Parts of a corpus, one manifest a task, put together: one line for each recording, totals, and what is
// missing.

#include <cstddef>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "corpus/record.h"

namespace npuscribe::corpus {

/// What became of an entry, over all lines about it.
struct Merged {
    std::string_view line;  // the line that counts, with its end; empty: there is none
    std::filesystem::path audio;
    double offset = 0;
    double duration = 0;  // seconds of audio
    double seconds = 0;   // of work, of the line that counts
    Outcome outcome = Outcome::failed;
    std::string error;
    std::string language;
    std::optional<WordErrors> errors;
    std::string setting;        // "model, options" of the line that counts
    std::string listed;         // in the list of what is expected: its line or name; empty: it is not in it
    bool in_directory = false;  // it took the place of the list's directory that it lies in
    std::optional<std::string> reference;  // of that list
    size_t successes = 0;                  // lines with text: more than one means that it was done again

    bool is_missing() const { return line.empty(); }
};

struct Totals {
    size_t expected = 0;
    size_t done = 0;
    size_t incomplete = 0;
    size_t failed = 0;
    size_t missing = 0;
    size_t unexpected = 0;     // in the parts, but not in the list
    size_t duplicates = 0;     // successes beyond the first of an entry
    size_t broken_lines = 0;   // that are no records: half written when a run was killed
    double audio_seconds = 0;  // done and incomplete
    double wall_seconds = 0;   // of all tasks, added up
    WordErrors errors;
    size_t with_reference = 0;
    std::map<std::string, size_t> settings;  // "model, options": entries with text

    double audio_hours() const { return audio_seconds / 3600; }
    double realtime_factor() const { return wall_seconds > 0 ? audio_seconds / wall_seconds : 0; }
    bool complete() const { return failed == 0 && missing == 0; }
};

class Merge {
  public:
    /// Says which entries there should be, and in which order. Call it before `add`. `manifest`: they come
    /// from a manifest, so a list of what is missing is one, too, else it has names alone.
    void expect(const std::vector<Entry>& entries, bool manifest);
    /// Adds the lines of a part. `text` must outlive the merge. Of several lines about an entry, the last
    /// that is done counts, else the last incomplete one, else the last.
    /// What lies in a directory that the list names is expected, too.
    void add(std::string_view text);

    /// In the order of the list, then of the parts.
    const std::vector<Merged>& entries() const { return entries_; }
    Totals totals() const;

    /// The lines of the corpus: of each entry that has text, the line that counts.
    template <class Write>
    void write_corpus(const Write& write) const {
        for (const Merged& entry : entries_) {
            if (!entry.is_missing() && entry.outcome != Outcome::failed) write(entry.line);
        }
    }
    /// What failed or is missing, of the list if there is one, as a list that --files-from takes: if a name
    /// has a line end in it, names end with NUL.
    std::string missing_list() const;

  private:
    size_t add_entry(const std::filesystem::path& audio);

    std::vector<Merged> entries_;
    std::unordered_map<std::string, size_t> index_;  // by key
    bool has_list_ = false;
    bool list_is_manifest_ = false;
    size_t broken_lines_ = 0;
    double wall_seconds_ = 0;
};

/// The totals as lines for a person. The last has no line end.
std::string totals_text(const Totals& totals);
/// JSON: schema, schema_version, totals, and the entries that failed, broke off or are missing.
std::string merge_json(const Merge& merge);
/// A page of the whole archive: totals, a histogram of the recordings by realtime factor, failures by reason,
/// and what failed or is missing. One file that needs no network.
std::string merge_html(const Merge& merge);

}  // namespace npuscribe::corpus
