#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "output/report.h"
#include "output/text.h"

namespace npuscribe::output {
namespace {

using Json = nlohmann::ordered_json;

Json stages_json(const Timing& t) {
    return {{"load", t.load},
            {"decode", t.audio_decode},
            {"voice_activity", t.vad},
            {"mel", t.mel},
            {"encoder", t.encoder()},
            {"encoder_quantise", t.encoder_quantise},
            {"encoder_matmul", t.encoder_matmul},
            {"encoder_attention", t.encoder_attention},
            {"encoder_other", t.encoder_other},
            {"cross_kv", t.cross_kv},
            {"decoder", t.decoder}};
}

void add_timing(Json& out, const Timing& t) {
    out["audio_seconds"] = t.audio_seconds;
    out["wall_seconds"] = t.total;
    out["realtime_factor"] = t.realtime_factor();
    out["windows"] = t.windows;
    out["steps"] = t.steps;
    out["decoder_rows"] = t.rows;
    out["tokens"] = t.tokens;
    out["tokens_per_second"] = t.tokens_per_second();
    out["fallbacks"] = t.fallbacks;
    out["encoder_frames"] = t.encoder_frames;
    out["context_guard"] = t.context_guard;
    out["coverage_guard"] = t.coverage_guard;
    out["coverage_filled"] = t.coverage_filled;
    out["stages"] = stages_json(t);
    if (t.modelled_array > 0) out["modelled_array_seconds"] = t.modelled_array;
}

Json setup_json(const Setup& setup) {
    return {{"device", valid_utf8(setup.device)},
            {"device_description", valid_utf8(setup.device_description)},
            {"modelled_times", setup.modelled_times},
            {"model", valid_utf8(setup.model)},
            {"precision", valid_utf8(setup.precision)},
            {"numerics", valid_utf8(setup.numerics)},
            {"task", valid_utf8(setup.task)},
            {"beam_size", setup.beam_size},
            {"batch_size", setup.batch_size},
            {"threads", setup.threads}};
}

const char* name(FileReport::Status status) {
    switch (status) {
        case FileReport::Status::done:
            return "done";
        case FileReport::Status::incomplete:
            return "incomplete";
        case FileReport::Status::failed:
            return "failed";
        case FileReport::Status::skipped:
            return "skipped";
        case FileReport::Status::interrupted:
            break;
    }
    return "interrupted";
}

Json file_json(const FileReport& file) {
    Json out = {{"path", valid_utf8(file.path)}, {"status", name(file.status)}};
    using Status = FileReport::Status;
    if (file.status == Status::incomplete || file.status == Status::failed)
        out["error"] = valid_utf8(file.error);
    const bool done = file.has_transcript();
    if (done) {
        out["language"] = valid_utf8(file.language);
        out["language_probability"] = file.language_probability;
        out["speech_seconds"] = file.speech_seconds;
        out["replacements"] = file.replacements;
        if (file.reference_words) {
            out["reference_words"] = *file.reference_words;
            out["word_errors"] = file.word_errors;
        }
        add_timing(out, file.timing);
        Json& warnings = out["warnings"] = Json::array();
        for (const std::string& warning : file.warnings) warnings.push_back(valid_utf8(warning));
    }
    if (!done && file.status != FileReport::Status::skipped) return out;
    if (!done) out["skipped_by_name"] = file.skipped_by_name;
    Json& outputs = out["outputs"] = Json::array();
    for (const std::string& path : file.outputs) outputs.push_back(valid_utf8(path));
    return out;
}

Json interval_json(const Interval& interval) {
    if (interval.end <= interval.begin) return {};
    return {interval.begin, interval.end};
}

Json window_json(const WindowTrace& window) {
    return {{"file", window.input},
            {"channel", window.channel},
            {"window", window.index},
            {"part", window.part},
            {"audio", {window.audio_begin, window.audio_end}},
            {"refused", window.refused},
            {"read", interval_json(window.read)},
            {"mel", interval_json(window.mel)},
            {"encoder", interval_json(window.encoder)},
            {"decoder", interval_json(window.decoder)}};
}

Json memory_json(const MemoryUse& memory) {
    Json samples = Json::array();
    for (const MemorySample& sample : memory.samples)
        samples.push_back({{"seconds", sample.seconds}, {"bytes", sample.bytes}});
    return {{"peak_bytes", memory.peak}, {"resident", std::move(samples)}};
}

/// Appends JSON's text, with `spaces` more at the beginning of each line but the first.
void append_indented(std::string& text, const Json& value, size_t spaces) {
    for (const char c : value.dump(2)) {
        text += c;
        if (c == '\n') text.append(spaces, ' ');
    }
}

void append_member(std::string& text, std::string_view name, const Json& value) {
    text += fmt::format(",\n  \"{}\": ", name);
    append_indented(text, value, 2);
}

/// Appends a list entry by entry: as one document, a hundred thousand files would take hundreds of megabytes.
template <class List, class Make>
void append_list(std::string& text, std::string_view name, const List& list, Make&& make) {
    text += fmt::format(",\n  \"{}\": [", name);
    for (const auto& entry : list) {
        text += &entry == &list.front() ? "\n    " : ",\n    ";
        append_indented(text, make(entry), 4);
    }
    text += list.empty() ? "]" : "\n  ]";
}

}  // namespace

std::string report_json(const RunReport& report) {
    Json totals = {{"files", report.files.size()},
                   {"done", count(report, FileReport::Status::done)},
                   {"incomplete", count(report, FileReport::Status::incomplete)},
                   {"failed", count(report, FileReport::Status::failed)},
                   {"skipped", count(report, FileReport::Status::skipped)},
                   {"interrupted", count(report, FileReport::Status::interrupted)},
                   {"audio_hours", report.totals.audio_seconds / 3600},
                   {"replacements", replacements(report)}};
    if (const auto rate = word_error_rate(report)) totals["word_error_rate"] = *rate;
    add_timing(totals, report.totals);
    Json options = Json::object();
    for (const auto& [option, value] : report.options) options[option] = valid_utf8(value);

    const Json head = {{"schema", "npuscribe-report"},  {"schema_version", kReportVersion},
                       {"version", report.version},     {"setup", setup_json(report.setup)},
                       {"options", std::move(options)}, {"totals", std::move(totals)}};
    std::string text = head.dump(2);
    text.resize(text.size() - 2);  // without the line end and the brace
    append_list(text, "files", report.files, file_json);
    append_member(text, "memory", memory_json(report.memory));
    append_list(text, "windows", report.windows, window_json);
    append_member(text, "windows_left_out", report.windows_left_out);
    text += "\n}\n";
    return text;
}

}  // namespace npuscribe::output
