#include "console.h"

#include <poll.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <system_error>

#include "base/error.h"
#include "base/stopwatch.h"
#include "signals.h"
#include "terminal_text.h"

namespace npuscribe::app {
namespace {

// "npuscribe: warning: ...", as compilers and other tools write it; no word for other messages.
class LevelFlag : public spdlog::custom_flag_formatter {
  public:
    void format(const spdlog::details::log_msg& message, const std::tm&, spdlog::memory_buf_t& out) override {
        const std::string prefix = message.level >= spdlog::level::err    ? error_mark()
                                   : message.level == spdlog::level::warn ? warning_mark()
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

/// Waits until stdout can be written. Returns false if a signal came before: whoever reads may never go on.
bool wait_for_reader() {
    constexpr int kLookAtSignal = 50;  // ms
    pollfd out{STDOUT_FILENO, POLLOUT, 0};
    while (::poll(&out, 1, kLookAtSignal) <= 0) {
        if (exit_code_of_signal() != 0) return false;
    }
    return true;
}

size_t terminal_columns() {
    winsize size = {};
    return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

std::string marked(const std::string& word, const char* colour) {
    const char* no_color = std::getenv("NO_COLOR");
    const bool plain = !has_progress_terminal() || (no_color != nullptr && *no_color != '\0');
    return plain ? word + ": " : std::string(colour) + word + ":\x1B[0m ";
}

}  // namespace

std::string error_mark() {
    return marked("error", "\x1B[1;31m");
}
std::string warning_mark() {
    return marked("warning", "\x1B[1;33m");
}

class Console::Sink : public spdlog::sinks::base_sink<std::mutex> {
  public:
    explicit Sink(Loudness how_loud) : loudness(how_loud), terminal_(has_progress_terminal()) {}

    void progress(const std::function<std::string(size_t)>& line) {
        if (loudness == Loudness::quiet) return;
        const std::lock_guard lock(mutex_);
        if (!terminal_) {
            constexpr double kSecondsBetweenLines = 60;
            if (since_.seconds() < kSecondsBetweenLines) return;
            since_.restart();
            std::fprintf(stderr, "npuscribe: %s\n", printable(line(0)).c_str());
            return;
        }
        if (shown_ && since_.seconds() < 0.1) return;
        since_.restart();
        std::fprintf(stderr, "\r%s\x1B[K", printable(line(terminal_columns() - 1)).c_str());
        shown_ = true;
    }
    void clear() {
        const std::lock_guard lock(mutex_);
        erase();
    }
    void print(std::string_view lines) {
        const std::lock_guard lock(mutex_);
        erase();
        std::fputs(printable_lines(lines).c_str(), stderr);
    }

    bool live() const { return terminal_; }

    const Loudness loudness;

  protected:
    void sink_it_(const spdlog::details::log_msg& message) override {
        // Whatever a message quotes, the terminal obeys none of it.
        const std::string text =
            printable_lines(std::string_view(message.payload.data(), message.payload.size()));
        spdlog::details::log_msg harmless = message;
        harmless.payload = text;
        spdlog::memory_buf_t out;
        formatter_->format(harmless, out);
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
void Console::progress(const std::function<std::string(size_t columns)>& line) {
    sink_->progress(line);
}
void Console::progress(const std::string& line) {
    progress([&](size_t columns) { return columns == 0 ? line : cut(line, columns); });
}
void Console::clear() {
    sink_->clear();
}
bool Console::quiet() const {
    return sink_->loudness == Loudness::quiet;
}
bool Console::live() const {
    return sink_->live();
}
void Console::print(std::string_view lines) {
    if (!quiet()) sink_->print(lines);
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
    if (!text.empty()) write(text + "\n");
}

void TranscriptPrinter::document(const std::string& text) {
    write(text);
}

void TranscriptPrinter::write(std::string_view text) {
    if (closed_) return;
    console_.clear();
    for (std::string_view rest = text; !rest.empty();) {
        if (!wait_for_reader()) {
            closed_ = true;
            return;
        }
        // A pipe that can be written has room for this much, so that the write does not wait.
        const ssize_t written = ::write(STDOUT_FILENO, rest.data(), std::min<size_t>(rest.size(), PIPE_BUF));
        if (written >= 0) {
            rest.remove_prefix(static_cast<size_t>(written));
        } else if (errno == EPIPE) {
            closed_ = true;
            return;
        } else if (errno != EINTR) {
            const std::string reason =
                errno == EBADF ? "it is closed" : std::generic_category().message(errno);
            throw OutputError("cannot write to standard output: " + reason);
        }
    }
}

}  // namespace npuscribe::app
