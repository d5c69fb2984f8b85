#include "corpus/record.h"

#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/utf8.h"
#include "corpus/json_line.h"

namespace npuscribe::corpus {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::array<std::string_view, 3> kNames = {"done", "incomplete", "failed"};

double rounded(double seconds) {  // to microseconds: 0.1 + 0.2 is written as 0.3
    constexpr double kMicro = 1e6;
    return std::round(seconds * kMicro) / kMicro;
}

/// Reads fields of a line, and remembers whether one was not of its type.
class Fields {
  public:
    explicit Fields(const Json& object) : object_(object) {}
    bool good() const { return good_; }

    std::string text(const char* field) {
        const auto found = object_.find(field);
        if (found == object_.end() || !found->is_string()) return good_ = false, std::string();
        return found->get<std::string>();
    }
    double number(const char* field) {
        constexpr double kMost = 1e15;  // a size_t holds it, and sums of it stay whole
        const auto found = object_.find(field);
        const double value = found != object_.end() && found->is_number() ? found->get<double>() : -1;
        if (!(value >= 0 && value <= kMost)) return good_ = false, 0.0;
        return value;
    }

  private:
    const Json& object_;
    bool good_ = true;
};

std::optional<Outcome> outcome_named(std::string_view text) {
    for (size_t i = 0; i < kNames.size(); ++i) {
        if (kNames[i] == text) return static_cast<Outcome>(i);
    }
    return std::nullopt;
}

}  // namespace

std::string_view name(Outcome outcome) {
    return kNames.at(static_cast<size_t>(outcome));
}

Record record_of(const Entry& entry) {
    Record record;
    record.audio = absolute_by_name(entry.audio);
    record.offset = entry.start();
    record.duration = entry.duration.value_or(0);
    record.reference = entry.reference;
    record.fields = entry.fields;
    return record;
}

std::string to_line(const Record& record) {
    Json out = {{"audio_filepath", record.audio.string()},
                {"offset", rounded(record.offset)},
                {"duration", rounded(record.duration)},
                {"text", record.text},
                {"language", record.language},
                {"model", record.model},
                {"options", record.options},
                {"seconds", rounded(record.seconds)},
                {"wall_seconds", rounded(record.wall_seconds)},
                {"status", name(record.outcome)},
                {"error", record.error}};
    if (record.reference) out["reference"] = *record.reference;
    if (record.errors) {
        out["reference_words"] = record.errors->words;
        out["word_errors"] = record.errors->errors;
    }
    const Json carried = Json::parse(record.fields, nullptr, false);
    if (carried.is_object()) {
        for (const auto& [field, value] : carried.items()) {
            if (!out.contains(field)) out[field] = value;
        }
    }
    return out.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::optional<Record> parse_record(std::string_view line) {
    if (nests_too_deep(line)) return std::nullopt;
    const Json object = Json::parse(line, nullptr, false);
    if (!object.is_object()) return std::nullopt;
    Fields fields(object);
    Record record;
    record.audio = fields.text("audio_filepath");
    record.offset = fields.number("offset");
    record.duration = fields.number("duration");
    record.text = fields.text("text");
    record.language = fields.text("language");
    record.model = fields.text("model");
    record.options = fields.text("options");
    record.seconds = fields.number("seconds");
    record.wall_seconds = fields.number("wall_seconds");
    record.error = fields.text("error");
    const auto outcome = outcome_named(fields.text("status"));
    if (!fields.good() || !outcome) return std::nullopt;
    record.outcome = *outcome;
    if (object.contains("reference")) record.reference = fields.text("reference");
    if (object.contains("word_errors"))
        record.errors = WordErrors{static_cast<size_t>(fields.number("reference_words")),
                                   static_cast<size_t>(fields.number("word_errors"))};
    if (!fields.good()) return std::nullopt;
    return record;
}

}  // namespace npuscribe::corpus
