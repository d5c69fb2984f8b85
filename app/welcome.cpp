#include "welcome.h"

#include <fmt/format.h>

#include <algorithm>

#include "fetch/fetch.h"
#include "model/catalog.h"
#include "model/model.h"
#include "provide_model.h"

namespace npuscribe::app {

std::string welcome() {
    const bool fetched = std::any_of(catalog().begin(), catalog().end(), [](const CatalogEntry& entry) {
        return find_fetched(entry.name).has_value();
    });
    const auto line = [](const char* command, const char* what) {
        return fmt::format("  {:<34}  {}\n", command, what);
    };
    std::string out = "npuscribe transcribes speech. To start:\n\n";
    out += line("npuscribe talk.mp3", "print what is said");
    out += line("npuscribe film.mkv -f srt", "write subtitles to film.srt");
    out += line("npuscribe -r talks/ -f txt -o out", "transcribe all of a directory");
    if (!fetched)
        out += fmt::format(
            "\nThe first run downloads the model {}: {}. npuscribe model list shows the others.\n",
            kDefaultModel, fetch::size_text(fetch::find_entry(kDefaultModel).bytes()));
    return out + "\nnpuscribe --help shows the options that people use most.\n";
}

}  // namespace npuscribe::app
