#pragma once
// What fetching a model shows, and the settings that all commands that fetch share.

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>

#include "base/stopwatch.h"
#include "console.h"
#include "fetch/fetch.h"

namespace npuscribe::app {

/// True if NPUSCRIBE_OFFLINE is set, and to something else than 0: nothing may be fetched.
bool is_offline();

/// The directory of models, and Hugging Face's address or that in HF_ENDPOINT.
fetch::Options fetch_options();

/// Shows messages and a progress bar. SIGINT and SIGTERM cancel the download from now on.
class FetchProgress final : public fetch::Listener {
  public:
    explicit FetchProgress(Console& console);

    void say(const std::string& message) override;
    void progress(const std::string& file, uint64_t done, std::optional<uint64_t> total) override;
    bool cancelled() override { return interrupted_; }

  private:
    Console& console_;
    std::atomic<bool>& interrupted_;
    std::string file_;
    uint64_t from_ = 0;  // bytes that were there when it began
    Stopwatch watch_;
};

/// Fetches an entry unless it is there, and says where it is. `asked_for`: says so even if it was there
/// already.
void fetch_entry(const fetch::Entry& entry, const fetch::Options& options, bool asked_for, Console& console,
                 FetchProgress& progress);

}  // namespace npuscribe::app
