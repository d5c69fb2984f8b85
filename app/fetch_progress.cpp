#include "fetch_progress.h"

#include <fmt/format.h>

#include <cstdlib>
#include <string_view>

#include "model/model.h"
#include "progress.h"
#include "signals.h"
#include "terminal_text.h"

namespace npuscribe::app {

bool is_offline() {
    const char* given = std::getenv("NPUSCRIBE_OFFLINE");
    return given != nullptr && *given != '\0' && std::string_view(given) != "0";
}

fetch::Options fetch_options() {
    fetch::Options options;
    options.models = models_directory();
    if (const char* given = std::getenv("HF_ENDPOINT"); given != nullptr && *given != '\0')
        options.hugging_face = given;
    return options;
}

FetchProgress::FetchProgress(Console& console) : console_(console), interrupted_(watch_signals()) {}

void FetchProgress::say(const std::string& message) {
    console_.print(fmt::format("{}\n", printable(message)));
}

void FetchProgress::progress(const std::string& file, uint64_t done, std::optional<uint64_t> total) {
    if (file != file_ || done < from_) {
        file_ = file;
        from_ = done;
        watch_.restart();
    }
    const double seconds = watch_.seconds();
    const double speed = seconds > 0 ? static_cast<double>(done - from_) / seconds : 0;
    console_.progress([&](size_t columns) {
        return transfer_line({file, done, total.value_or(0), speed}, columns);
    });
}

void fetch_entry(const fetch::Entry& entry, const fetch::Options& options, bool asked_for, Console& console,
                 FetchProgress& progress) {
    const bool fetched = fetch::fetch(entry, options, progress);
    console.clear();
    const auto place = entry.is_model ? options.models / entry.name : options.models;
    if (fetched || asked_for)
        progress.say(fmt::format("{} is {}in {}", entry.name, fetched ? "" : "already ", place.string()));
}

}  // namespace npuscribe::app
