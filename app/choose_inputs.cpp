#include "choose_inputs.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <unordered_map>

#include "base/error.h"
#include "corpus/shard.h"
#include "output_names.h"

namespace npuscribe::app {
namespace fs = std::filesystem;
namespace {

std::string shown(const corpus::Entry& entry) {
    return fmt::format("{} from {} s for {}", entry.audio.string(), entry.start(),
                       entry.duration ? fmt::format("{} s", *entry.duration) : "the rest");
}

/// Leaves out what a list names again. An entry is known by its recording and where in it it begins.
std::string drop_repeated(List& list, const std::string& name) {
    std::unordered_map<std::string, size_t> places;
    std::vector<corpus::Entry> kept;
    for (corpus::Entry& entry : list.entries) {
        const auto [found, added] = places.try_emplace(corpus::key(entry.audio, entry.start()), kept.size());
        if (added || entry.audio == "-") {
            kept.push_back(std::move(entry));
        } else if (const corpus::Entry& first = kept[found->second];
                   first.offset != entry.offset || first.duration != entry.duration) {
            throw UsageError(
                fmt::format("{} has two entries that would share their outputs: {}, and {}; leave one out, "
                            "or put it into "
                            "another list",
                            name, shown(first), shown(entry)));
        }
    }
    const size_t repeated = list.entries.size() - kept.size();
    list.entries = std::move(kept);
    if (repeated == 0) return {};
    return fmt::format("what {} names again is left out: {} of {} entries", name, repeated,
                       list.entries.size() + repeated);
}

/// The inputs of the list, not looked at yet.
std::vector<Input> listed_inputs(const TranscribeSettings& settings, std::string& note) {
    List list = read_list(settings.files_from);
    note = drop_repeated(list, settings.files_from == "-" ? "the list" : settings.files_from);
    std::vector<Input> inputs;
    for (corpus::Entry& entry : list.entries) {
        Input& input = inputs.emplace_back();
        input.path = entry.audio;
        if (list.is_manifest) input.entry = std::move(entry);
    }
    const bool to_directory = !settings.output_dir.empty() && !writes_to_stdout(settings);
    if (to_directory || !settings.root.empty())
        keep_directories(inputs, root_of(inputs, settings.root, list.directory));
    return inputs;
}

void check_parts(const std::vector<Input>& inputs, const TranscribeSettings& settings) {
    if (settings.session.transcribe.clips.empty()) return;
    for (const Input& input : inputs) {
        if (input.entry && input.entry->is_part())
            throw UsageError(fmt::format(
                "--offset, --duration and --clip-timestamps cannot be combined with {}, whose entries have "
                "an offset or a duration of their own; leave the options out",
                settings.files_from));
    }
}

/// Looks at what the list names. A directory is replaced by the recordings in it.
std::vector<Input> looked_at(const std::vector<Input>& inputs, bool recursive, bool offline) {
    std::vector<Input> out;
    for (const Input& input : inputs) {
        if (!input.unseen) {
            out.push_back(input);
            continue;
        }
        std::vector<Input> found = expand({input.path.string()}, recursive, offline);
        const bool is_directory = found.size() != 1 || found.front().path != input.path;
        for (Input& each : found) {
            if (is_directory) {
                each.below = input.below / input.path.filename() / each.below;
            } else {
                each.below = input.below;
                each.name = input.name;
            }
            each.entry = input.entry;
            out.push_back(std::move(each));
        }
    }
    return out;
}

}  // namespace

ChosenInputs choose_inputs(const TranscribeSettings& settings, bool offline) {
    ChosenInputs chosen;
    std::vector<Input> all;
    if (!settings.files_from.empty()) {
        if (settings.files_from == "-" && std::count(settings.inputs.begin(), settings.inputs.end(), "-") > 0)
            throw UsageError(
                "--files-from and an input are both '-', but standard input can be read only once");
        all = listed_inputs(settings, chosen.note);
        check_parts(all, settings);
        for (Input& input : all) input.unseen = true;
    } else if (settings.inputs.empty()) {
        throw UsageError("missing input: give audio files or directories, or - for standard input");
    }
    // The files of --files-from come after those that were typed.
    std::vector<Input> typed = expand(settings.inputs, settings.recursive, offline);
    all.insert(all.begin(), std::make_move_iterator(typed.begin()), std::make_move_iterator(typed.end()));

    if (settings.output_name.empty() && !formats_to_write(settings).empty()) {
        const std::string renamed = decide_names(all);
        chosen.note += (chosen.note.empty() || renamed.empty() ? "" : "; ") + renamed;
    }
    if (settings.shard.count > 1) {
        std::vector<std::optional<double>> durations;
        for (const Input& input : all)
            durations.push_back(input.entry ? input.entry->duration : std::nullopt);
        std::vector<Input> mine;
        for (const size_t i : corpus::members(durations, settings.shard)) mine.push_back(std::move(all[i]));
        all = std::move(mine);
    }
    chosen.inputs = looked_at(all, settings.recursive, offline);
    if (std::count_if(chosen.inputs.begin(), chosen.inputs.end(),
                      [](const Input& input) { return input.path == "-"; }) > 1)
        throw UsageError("input '-' was given more than once, but standard input can be read only once");
    return chosen;
}

}  // namespace npuscribe::app
