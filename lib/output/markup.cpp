#include "output/markup.h"

#include <system_error>

#include "base/xml.h"
#include "output/text.h"

namespace npuscribe::output {
namespace fs = std::filesystem;
namespace {

bool unreserved(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~' || c == '/';
}

}  // namespace

std::string escaped(std::string_view bytes) {
    return xml::escaped(flat(bytes));
}

std::string url_path(const fs::path& path) {
    constexpr char kDigits[] = "0123456789ABCDEF";
    std::string out;
    for (const char c : path.string()) {
        if (unreserved(c)) {
            out += c;
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        out += '%';
        out += kDigits[byte >> 4];
        out += kDigits[byte & 15];
    }
    return out;
}

std::string relative_url(const fs::path& file, const fs::path& directory) {
    std::error_code error;
    const fs::path from = fs::absolute(directory.empty() ? "." : directory, error).lexically_normal() / "";
    const fs::path to = fs::absolute(file, error).lexically_normal();
    const fs::path names = to.lexically_relative(from);
    // A browser resolves ".." by names alone, but in a path it means the parent of a symbolic link's target.
    const bool same = fs::equivalent(to, file, error) && !error &&
                      fs::equivalent(from, directory.empty() ? "." : directory, error) && !error;
    if (same) return url_path(names);
    const fs::path real_file = fs::weakly_canonical(fs::absolute(file, error), error);
    const fs::path real_directory =
        fs::weakly_canonical(fs::absolute(directory.empty() ? "." : directory, error), error);
    return url_path(real_file.lexically_relative(real_directory));
}

std::string filled(std::string_view page, const std::map<std::string, std::string, std::less<>>& values) {
    std::string out;
    while (!page.empty()) {
        const size_t open = page.find("{{");
        const size_t close = open == page.npos ? page.npos : page.find("}}", open);
        if (close == page.npos) break;
        const auto value = values.find(page.substr(open + 2, close - open - 2));
        if (value == values.end()) {
            out += page.substr(0, close + 2);
        } else {
            out += page.substr(0, open);
            out += value->second;
        }
        page.remove_prefix(close + 2);
    }
    out += page;
    return out;
}

}  // namespace npuscribe::output
