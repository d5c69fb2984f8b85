#include "corpus/merge.h"

#include <fmt/format.h>

#include <algorithm>

namespace npuscribe::corpus {
namespace {

/// Takes a line's place if it counts more than the one that the entry has.
void take(Merged& entry, const Record& record, std::string_view line) {
    if (record.outcome != Outcome::failed) ++entry.successes;
    if (!entry.is_missing() && record.outcome > entry.outcome) return;
    entry.line = line;
    entry.audio = record.audio;
    entry.offset = record.offset;
    entry.duration = record.duration;
    entry.seconds = record.seconds;
    entry.outcome = record.outcome;
    entry.error = record.error;
    entry.language = record.language;
    entry.setting = fmt::format("{}, {}", record.model, record.options);
    entry.errors = record.errors;
    if (entry.reference && !entry.errors && record.outcome != Outcome::failed)
        entry.errors = word_errors(*entry.reference, record.text);
}

}  // namespace

void Merge::expect(const std::vector<Entry>& entries, bool manifest) {
    has_list_ = true;
    list_is_manifest_ = manifest;
    for (const Entry& entry : entries) {
        const auto [_, added] = index_.try_emplace(key(entry.audio, entry.start()), entries_.size());
        if (!added) continue;
        Merged& merged = entries_.emplace_back();
        merged.audio = entry.audio;
        merged.offset = entry.start();
        merged.listed = manifest ? to_line(entry) : entry.audio.string();
        merged.reference = entry.reference;
    }
}

void Merge::add(std::string_view text) {
    while (!text.empty()) {
        const size_t end = text.find('\n');
        const bool whole = end != std::string_view::npos;
        const std::string_view line = text.substr(0, whole ? end + 1 : text.size());
        text.remove_prefix(line.size());
        if (line == "\n") continue;
        const auto record = whole ? parse_record(line) : std::nullopt;
        if (!record) {
            ++broken_lines_;
            continue;
        }
        wall_seconds_ += record->wall_seconds;
        const auto [found, added] = index_.try_emplace(record->key(), entries_.size());
        if (added) found->second = add_entry(record->audio);
        take(entries_[found->second], *record, line);
    }
}

// A recording that the list does not name. The first one in a directory of the list takes its place.
size_t Merge::add_entry(const std::filesystem::path& audio) {
    size_t place = entries_.size();
    for (auto above = audio.parent_path(); has_list_ && above.has_relative_path();
         above = above.parent_path()) {
        const auto found = index_.find(key(above, 0));
        if (found == index_.end() || entries_[found->second].listed.empty()) continue;
        if (!entries_[found->second].in_directory) place = found->second;
        if (place == entries_.size()) entries_.emplace_back();
        Entry inside;
        inside.audio = audio;
        entries_[place].listed = list_is_manifest_ ? to_line(inside) : audio.string();
        entries_[place].in_directory = true;
        return place;
    }
    entries_.emplace_back();
    return place;
}

Totals Merge::totals() const {
    Totals totals;
    totals.broken_lines = broken_lines_;
    totals.wall_seconds = wall_seconds_;
    for (const Merged& entry : entries_) {
        if (!entry.listed.empty()) ++totals.expected;
        if (entry.is_missing()) {
            ++totals.missing;
            continue;
        }
        if (has_list_ && entry.listed.empty()) ++totals.unexpected;
        if (entry.outcome == Outcome::failed) {
            ++totals.failed;
            continue;
        }
        ++(entry.outcome == Outcome::done ? totals.done : totals.incomplete);
        totals.duplicates += entry.successes - 1;
        totals.audio_seconds += entry.duration;
        ++totals.settings[entry.setting];
        if (!entry.errors) continue;
        ++totals.with_reference;
        totals.errors += *entry.errors;
    }
    return totals;
}

std::string Merge::missing_list() const {
    const auto has_line_end = [](const Merged& entry) {
        return entry.listed.find('\n') != std::string::npos;
    };
    const bool with_nul = !list_is_manifest_ && std::any_of(entries_.begin(), entries_.end(), has_line_end);
    std::string out;
    for (const Merged& entry : entries_) {
        if (!entry.is_missing() && entry.outcome != Outcome::failed) continue;
        if (!entry.listed.empty()) {
            out += entry.listed;
            if (!list_is_manifest_) out += with_nul ? '\0' : '\n';
        } else if (!has_list_) {
            Entry again;
            again.audio = entry.audio;
            if (entry.offset > 0) again.offset = entry.offset;
            if (entry.duration > 0) again.duration = entry.duration;
            out += to_line(again);
        }
    }
    return out;
}

}  // namespace npuscribe::corpus
