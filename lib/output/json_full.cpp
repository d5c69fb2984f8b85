#include "output/formats.h"
#include "output/text.h"
#include "output/transcript_json.h"

namespace npuscribe::output {

std::string json_full(const Transcript& transcript) {
    using Json = nlohmann::ordered_json;
    Json out = transcript_json(transcript);
    for (size_t i = 0; i < transcript.segments.size(); ++i) {
        Json& details = out["segments"][i]["token_details"] = Json::array();
        for (const TokenDetail& token : transcript.segments[i].token_details) {
            details.push_back(
                {{"id", token.id}, {"text", valid_utf8(token.text)}, {"probability", token.probability}});
        }
    }
    return out.dump() + "\n";
}

}  // namespace npuscribe::output
