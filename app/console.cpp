#include "console.h"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <system_error>

#include "base/error.h"
#include "base/stopwatch.h"

namespace npuscribe::app {
namespace {

// Nothing, or "warning: ": "npuscribe: warning: ...", as compilers and other tools have it.
class LevelFlag : public spdlog::custom_flag_formatter {
  public:
    void format(const spdlog::details::log_msg& message, const std::tm&, spdlog::memory_buf_t& out) override {
        const std::string_view prefix = message.level >= spdlog::level::err    ? "error: "
                                        : message.level == spdlog::level::warn ? "warning: "
                                                                               : "";
        out.append(prefix.data(), prefix.data() + prefix.size());
    }
    std::unique_ptr<spdlog::custom_flag_formatter> clone() const override {
        return std::make_unique<LevelFlag>();
    }
};

bool has_progress_terminal() {
    const char* term = std::getenv("TERM");
    return ::isatty(STDERR_FILENO) != 0 && term != nullptr && std::strcmp(term, "dumb") != 0;
}

size_t terminal_columns() {
    winsize size = {};
    return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

// `text`, at most `columns` characters of it; UTF-8 is cut between characters.
std::string_view shortened(std::string_view text, size_t columns) {
    size_t seen = 0;
    for (size_t i = 0; i < text.size(); ++i) {
        const bool begins = (static_cast<unsigned char>(text[i]) & 0xC0) != 0x80;
        if (begins && ++seen > columns) return text.substr(0, i);
    }
    return text;
}

}  // namespace

class Console::Sink : public spdlog::sinks::base_sink<std::mutex> {
  public:
    explicit Sink(Loudness how_loud) : loudness(how_loud), terminal_(has_progress_terminal()) {}

    void progress(std::string_view line) {
        if (!terminal_ || loudness == Loudness::quiet) return;
        const std::lock_guard lock(mutex_);
        if (shown_ && since_.seconds() < 0.1) return;
        since_.restart();
        const std::string_view text = shortened(line, terminal_columns() - 1);
        std::fprintf(stderr, "\r%.*s\x1B[K", static_cast<int>(text.size()), text.data());
        shown_ = true;
    }
    void clear() {
        const std::lock_guard lock(mutex_);
        erase();
    }
    void print(std::string_view lines) {
        const std::lock_guard lock(mutex_);
        erase();
        std::fwrite(lines.data(), 1, lines.size(), stderr);
    }

    const Loudness loudness;

  protected:
    void sink_it_(const spdlog::details::log_msg& message) override {
        spdlog::memory_buf_t out;
        formatter_->format(message, out);
        erase();
        std::fwrite(out.data(), 1, out.size(), stderr);
    }
    void flush_() override {}

  private:
    void erase() {
        if (std::exchange(shown_, false)) std::fputs("\r\x1B[K", stderr);
    }

    const bool terminal_;
    bool shown_ = false;
    Stopwatch since_;
};

Console::Console(Loudness loudness) : sink_(std::make_shared<Sink>(loudness)) {
    auto formatter = std::make_unique<spdlog::pattern_formatter>();
    formatter->add_flag<LevelFlag>('*').set_pattern("npuscribe: %*%v");
    sink_->set_formatter(std::move(formatter));
    auto logger = std::make_shared<spdlog::logger>("npuscribe", sink_);
    logger->set_level(loudness == Loudness::quiet     ? spdlog::level::err
                      : loudness == Loudness::verbose ? spdlog::level::debug
                                                      : spdlog::level::info);
    spdlog::set_default_logger(std::move(logger));
}

Console::~Console() {
    clear();
}
void Console::progress(std::string_view line) {
    sink_->progress(line);
}
void Console::clear() {
    sink_->clear();
}
bool Console::quiet() const {
    return sink_->loudness == Loudness::quiet;
}
void Console::print(std::string_view lines) {
    if (!quiet()) sink_->print(lines);
}

std::string printable(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = '?';
    }
    return out;
}

TranscriptPrinter::TranscriptPrinter(Console& console, std::vector<std::string> names)
    : console_(console), names_(std::move(names)) {}

void TranscriptPrinter::line(size_t input, std::string text) {
    if (input == current_) {
        show(input, text);
    } else {
        early_[input].push_back(std::move(text));
    }
}

void TranscriptPrinter::finished(size_t input, bool failed) {
    if (!failed) show(input, {});
    current_ = input + 1;
    headed_ = false;
    if (auto lines = early_.extract(current_)) {
        for (const std::string& text : lines.mapped()) show(current_, text);
    }
}

void TranscriptPrinter::show(size_t input, const std::string& text) {
    if (!headed_ && !names_.empty()) {
        console_.print("==> " + printable(names_[input]) + " <==\n");
        headed_ = true;
    }
    if (text.empty() || closed_) return;
    console_.clear();
    const std::string out = text + "\n";
    for (std::string_view rest = out; !rest.empty();) {
        const ssize_t written = ::write(STDOUT_FILENO, rest.data(), rest.size());
        if (written >= 0) {
            rest.remove_prefix(static_cast<size_t>(written));
        } else if (errno == EPIPE) {
            closed_ = true;
            return;
        } else if (errno != EINTR) {
            throw OutputError("cannot write to standard output: " + std::generic_category().message(errno));
        }
    }
}

}  // namespace npuscribe::app
