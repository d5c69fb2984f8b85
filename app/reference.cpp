#include "reference.h"

#include "commands.h"

namespace npuscribe::app {

Reference::Reference() {
    for (const Command& command : app::commands()) {
        CommandReference& entry = commands_.emplace_back();
        entry.name = command.name;
        entry.usage = command.usage;
        entry.summary = command.summary;
        for (const std::string_view word : command.words) entry.words.emplace_back(word);
        if (entry.name == "transcribe") entry.options = transcribe_options(transcribe_);
        if (entry.name == "bench") entry.options = bench_options(bench_);
        if (entry.name == "project") entry.options = project_options(project_);
    }
}

}  // namespace npuscribe::app
