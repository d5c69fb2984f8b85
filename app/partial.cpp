#include "partial.h"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>

#include "terminal_text.h"

namespace npuscribe {
namespace {

using Json = nlohmann::json;

// Texts may end in a part of a character, which JSON cannot hold.
std::string dumped(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Json to_json(const Segment& segment) {
    Json words = Json::array();
    for (const Word& word : segment.words)
        words.push_back({word.start, word.end, word.text, word.probability});
    Json tokens = Json::array();
    for (const TokenDetail& token : segment.token_details)
        tokens.push_back({token.id, token.text, token.probability});
    return {{"seek", segment.seek},
            {"start", segment.start},
            {"end", segment.end},
            {"text", segment.text},
            {"language", segment.language},
            {"tokens", segment.tokens},
            {"temperature", segment.temperature},
            {"avg_logprob", segment.avg_logprob},
            {"compression_ratio", segment.compression_ratio},
            {"no_speech_prob", segment.no_speech_prob},
            {"words", std::move(words)},
            {"token_details", std::move(tokens)}};
}

Segment segment_of(const Json& json) {
    Segment segment;
    json.at("seek").get_to(segment.seek);
    json.at("start").get_to(segment.start);
    json.at("end").get_to(segment.end);
    json.at("text").get_to(segment.text);
    json.at("language").get_to(segment.language);
    json.at("tokens").get_to(segment.tokens);
    json.at("temperature").get_to(segment.temperature);
    json.at("avg_logprob").get_to(segment.avg_logprob);
    json.at("compression_ratio").get_to(segment.compression_ratio);
    json.at("no_speech_prob").get_to(segment.no_speech_prob);
    for (const Json& word : json.at("words"))
        segment.words.push_back({word.at(0).get<double>(), word.at(1).get<double>(),
                                 word.at(2).get<std::string>(), word.at(3).get<double>()});
    for (const Json& token : json.at("token_details"))
        segment.token_details.push_back(
            {token.at(0).get<Token>(), token.at(1).get<std::string>(), token.at(2).get<double>()});
    return segment;
}

Json to_json(const FinishedPart& part) {
    Json languages = Json::array();
    for (const FinishedPart::Spoken& spoken : part.languages)
        languages.push_back({spoken.language, spoken.seconds, spoken.probability});
    Json segments = Json::array();
    for (const Segment& segment : part.segments) segments.push_back(to_json(segment));
    return {{"windows", part.windows},           {"seconds", part.seconds},
            {"language", part.language},         {"last_language", part.last_language},
            {"languages", std::move(languages)}, {"segments", std::move(segments)}};
}

/// Adds a later line to what the lines before it say.
void add_line(FinishedPart& part, const Json& json) {
    FinishedPart next;
    json.at("windows").get_to(next.windows);
    json.at("seconds").get_to(next.seconds);
    json.at("language").get_to(next.language);
    json.at("last_language").get_to(next.last_language);
    for (const Json& spoken : json.at("languages"))
        next.languages.push_back(
            {spoken.at(0).get<std::string>(), spoken.at(1).get<double>(), spoken.at(2).get<double>()});
    next.segments = std::move(part.segments);
    for (const Json& segment : json.at("segments")) {
        next.segments.push_back(segment_of(segment));
        next.segments.back().id = static_cast<int>(next.segments.size()) - 1;
    }
    part = std::move(next);
}

}  // namespace
}  // namespace npuscribe

namespace npuscribe::app {
namespace fs = std::filesystem;

Partial::Partial(const fs::path& output, std::string made_of)
    : path_(output.string() + ".partial"), made_of_(std::move(made_of)) {}

std::optional<FinishedPart> Partial::read() const {
    std::error_code error;
    if (!fs::is_regular_file(fs::symlink_status(path_, error))) return std::nullopt;
    std::ifstream file(path_, std::ios::binary);
    std::string line;
    const auto next = [&] { return std::getline(file, line) && !file.eof(); };  // whole: with its newline
    try {
        if (!next() || Json::parse(line).at("made_of") != made_of_) return std::nullopt;
    } catch (const Json::exception&) {
        return std::nullopt;
    }
    FinishedPart part;
    try {
        while (next()) add_line(part, Json::parse(line));
    } catch (const Json::exception&) {
        // The lines before it are good.
    }
    if (part.windows == 0) return std::nullopt;
    return part;
}

void Partial::add(const FinishedPart& part, const std::optional<FinishedPart>& before) {
    if (given_up_) return;
    if (!begun_ && waiting_.empty()) {
        waiting_ = dumped({{"made_of", made_of_}});
        if (before) waiting_ += dumped(to_json(*before));
    }
    waiting_ += dumped(to_json(part));
    if (part.windows < 2) return;
    append(std::exchange(waiting_, {}));
}

void Partial::append(const std::string& lines) {
    if (!begun_) ::unlink(path_.c_str());
    const int flags = O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_APPEND | (begun_ ? 0 : O_CREAT | O_EXCL);
    const int file = ::open(path_.c_str(), flags, 0666);
    bool good = file >= 0;
    for (size_t done = 0; good && done < lines.size();) {
        const ssize_t count = ::write(file, lines.data() + done, lines.size() - done);
        if (count < 0 && errno == EINTR) continue;
        good = count > 0;
        done += good ? static_cast<size_t>(count) : 0;
    }
    if (!good) {
        given_up_ = true;
        spdlog::debug("{}: cannot be written: {}", printable(path_.string()),
                      std::generic_category().message(errno));
    }
    if (file >= 0) ::close(file);
    begun_ = true;
}

void Partial::remove() {
    std::error_code error;
    if (fs::is_regular_file(fs::symlink_status(path_, error))) fs::remove(path_, error);
}

}  // namespace npuscribe::app
