#include "base/xml.h"

#include "base/utf8.h"

namespace npuscribe::xml {

std::string escaped(std::string_view bytes) {
    std::string out;
    for (const char c : utf8::repair(bytes)) {
        const auto code = static_cast<unsigned char>(c);
        switch (c) {
            case '&':
                out += "&amp;";
                break;
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            case '"':
                out += "&quot;";
                break;
            case '\'':
                out += "&#39;";
                break;
            default:
                out += code < 0x20 || code == 0x7F ? ' ' : c;
        }
    }
    return out;
}

}  // namespace npuscribe::xml
