// npuscribe model fetch: models of the catalog, from elsewhere.

#include <spdlog/fmt/fmt.h>

#include <cstdlib>
#include <optional>

#include "base/error.h"
#include "base/stopwatch.h"
#include "command_line.h"
#include "commands.h"
#include "console.h"
#include "exit_code.h"
#include "fetch/fetch.h"
#include "model/model.h"
#include "progress.h"
#include "signals.h"
#include "terminal_text.h"

namespace npuscribe::app {
namespace {

struct Settings {
    std::string mirror;
    bool force = false;
    bool quiet = false;
};

std::vector<Option> fetch_options(Settings& s) {
    constexpr const char* kGroup = "Options of fetch";
    return {{"mirror", 0, "URL", kGroup,
             "ask this server first: one that has what Hugging Face has under the same paths, or NAME/FILE",
             text(s.mirror)},
            {"force", 'f', "", kGroup, "fetch it though it is there, and replace it", toggle(s.force)},
            {"quiet", 'q', "", kGroup, "say nothing but errors", toggle(s.quiet)}};
}

class FetchProgress final : public fetch::Listener {
  public:
    explicit FetchProgress(Console& console) : console_(console), interrupted_(watch_signals()) {}

    void say(const std::string& message) override { console_.print(fmt::format("{}\n", printable(message))); }
    void progress(const std::string& file, uint64_t done, std::optional<uint64_t> total) override {
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
    bool cancelled() override { return interrupted_; }

  private:
    Console& console_;
    std::atomic<bool>& interrupted_;
    std::string file_;
    uint64_t from_ = 0;  // bytes that were there when it began
    Stopwatch watch_;
};

}  // namespace

std::string model_fetch_help() {
    Settings defaults;
    return help_text(fetch_options(defaults));
}

int model_fetch(const std::vector<std::string>& arguments) {
    Settings settings;
    const std::vector<Option> options = fetch_options(settings);
    const std::vector<std::string> names = parse(options, arguments);
    if (names.empty())
        throw UsageError(
            "model fetch: it needs a name, as in npuscribe model fetch base; npuscribe model list has "
            "them");
    std::vector<const fetch::Entry*> wanted;
    for (const std::string& name : names) wanted.push_back(&fetch::find_entry(name));
    fetch::Options how;
    how.models = models_directory();
    how.mirror = settings.mirror;
    how.force = settings.force;
    if (const char* given = std::getenv("HF_ENDPOINT"); given != nullptr && *given != '\0')
        how.hugging_face = given;
    Console console(settings.quiet ? Loudness::quiet : Loudness::normal);
    FetchProgress listener(console);
    const auto get = [&](const fetch::Entry& entry, bool asked_for) {
        const bool fetched = fetch::fetch(entry, how, listener);
        console.clear();
        const auto place = entry.is_model ? how.models / entry.name : how.models;
        if (fetched || asked_for)
            listener.say(fmt::format("{} is {}in {}", entry.name, fetched ? "" : "already ", place.string()));
    };
    for (const fetch::Entry* entry : wanted) get(*entry, true);
    how.force = false;
    for (const fetch::Entry& entry : fetch::entries()) {  // every transcription listens for speech with it
        if (!entry.is_model) get(entry, false);
    }
    return kDone;
}

}  // namespace npuscribe::app
