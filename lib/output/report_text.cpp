#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "base/clock.h"
#include "output/report.h"

namespace npuscribe::output {
namespace {

std::string counted(uint64_t count, const std::string& what) {
    return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

std::string header(const Setup& setup) {
    std::string out = setup.device;
    if (!setup.device_description.empty()) out += fmt::format(" ({})", setup.device_description);
    out += fmt::format(", model {}, {}", setup.model, setup.precision);
    if (!setup.numerics.empty() && setup.numerics != setup.precision)
        out += fmt::format(" ({})", setup.numerics);
    return out + fmt::format(", beam {}, batch {}, {}\n", setup.beam_size, setup.batch_size,
                             counted(static_cast<uint64_t>(setup.threads), "thread"));
}

class Table {
  public:
    explicit Table(double total) : total_(total) {}

    void row(const char* name, double seconds, const std::string& note = {}) {
        const double share = total_ > 0 ? 100 * seconds / total_ : 0;
        text_ += fmt::format("  {:<20} {:9.3f} s {:4.0f} %", name, seconds, share);
        if (!note.empty()) text_ += "  " + note;
        text_ += "\n";
    }
    const std::string& text() const { return text_; }

  private:
    double total_;
    std::string text_;
};

}  // namespace

std::string report_text(const RunReport& report) {
    const Timing& t = report.totals;
    const char* emulation = report.setup.modelled_times ? "the emulation's own time" : "";
    const double stages = t.load + t.audio_decode + t.vad + t.mel + t.encoder() + t.cross_kv + t.decoder;

    Table table(t.total);
    table.row("load", t.load);
    table.row("decode audio", t.audio_decode);
    table.row("voice activity", t.vad);
    table.row("mel", t.mel);
    std::string encoder = t.encoder_frames > 0 ? counted(t.encoder_frames, "frame") : "";
    if (t.context_guard > 0) encoder += ", " + counted(t.context_guard, "window") + " again in full";
    table.row("encoder", t.encoder(), encoder);
    table.row("  quantise", t.encoder_quantise, emulation);
    table.row("  matmul", t.encoder_matmul, emulation);
    table.row("  attention", t.encoder_attention);
    table.row("  other", t.encoder_other);
    table.row("cross-attention k, v", t.cross_kv);
    std::string decoder = fmt::format("{}, {}, {:.0f} tokens/s", counted(t.steps, "step"),
                                      counted(t.tokens, "token"), t.tokens_per_second());
    if (t.coverage_guard > 0) decoder += ", " + counted(t.coverage_guard, "gap") + " decoded again";
    if (t.fallbacks > 0) decoder += ", " + counted(t.fallbacks, "fallback");
    table.row("decoder", t.decoder, decoder);
    table.row("rest", std::max(0.0, t.total - stages));
    table.row("total", t.total, counted(t.windows, "window"));

    std::string out = header(report.setup) + table.text();
    out += fmt::format("  {} of audio, {:.2f} x realtime", clock_text(t.audio_seconds), t.realtime_factor());
    if (t.total > t.load) out += fmt::format(" ({:.2f} without load)", t.audio_seconds / (t.total - t.load));
    out += "\n";
    if (report.setup.modelled_times) {
        out += fmt::format(
            "  The array's matmuls and transfers would take {:.3f} s (modelled; bench encoder tells the "
            "assumptions)\n",
            t.modelled_array);
    }
    return out;
}

size_t replacements(const RunReport& report) {
    return std::accumulate(report.files.begin(), report.files.end(), size_t{0},
                           [](size_t sum, const FileReport& file) { return sum + file.replacements; });
}

std::optional<double> word_error_rate(const RunReport& report) {
    size_t words = 0;
    size_t errors = 0;
    for (const FileReport& file : report.files) {
        words += file.reference_words.value_or(0);
        errors += file.word_errors;
    }
    if (words == 0) return std::nullopt;
    return static_cast<double>(errors) / static_cast<double>(words);
}

size_t count(const RunReport& report, FileReport::Status status) {
    return static_cast<size_t>(std::count_if(report.files.begin(), report.files.end(),
                                             [&](const auto& file) { return file.status == status; }));
}

}  // namespace npuscribe::output
