#pragma once
// Keeps the manifest of a run: a line for each input that is finished.

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/stopwatch.h"
#include "corpus/manifest_file.h"
#include "inputs.h"
#include "output/report.h"

namespace npuscribe::app {

class ManifestLog {
  public:
    /// Opens the manifest, and makes the directories above it. `list` is that of --files-from, or empty.
    /// `options` is the hash of those that change words. `inputs` must outlive this. Throws UsageError if the
    /// manifest is the list itself, OutputError if it
    /// cannot be opened.
    ManifestLog(const std::filesystem::path& path, const std::filesystem::path& list,
                const std::vector<Input>& inputs, std::string model, std::string options);

    enum class State {
        open,            // no earlier run finished this input
        finished,        // it is done, or its recording breaks off
        made_otherwise,  // the same with another model, or other options that change words
    };
    State state(size_t input) const;
    /// Time counts from here.
    void start() { watch_.restart(); }
    /// Appends what became of an input. `text` is its transcript's. Throws OutputError.
    void add(size_t input, const output::FileReport& file, std::string_view text);

  private:
    corpus::Entry entry(size_t input) const;

    corpus::ManifestFile file_;
    const std::vector<Input>& inputs_;
    std::string model_;
    std::string options_;
    Stopwatch watch_;
};

}  // namespace npuscribe::app
