#include "audio/ogg_pages.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <string_view>

namespace npuscribe::audio {
namespace {

constexpr std::string_view kCapture = "OggS";
constexpr size_t kFixedHeader = 27;
constexpr size_t kFlags = 5;
constexpr size_t kSegmentCount = 26;
constexpr unsigned kFirstPage = 2;
constexpr unsigned kLastPage = 4;

/// The offset of the next capture pattern from `offset` on; the file's size if there is none.
int64_t find_page(const InputFile& file, int64_t offset) {
    std::array<char, size_t{1} << 16> block;
    while (true) {
        const int64_t count = file.read_at(block.data(), static_cast<int64_t>(block.size()), offset);
        if (count < static_cast<int64_t>(kCapture.size())) return file.size();
        const std::string_view bytes(block.data(), static_cast<size_t>(count));
        if (const size_t found = bytes.find(kCapture); found != bytes.npos)
            return offset + static_cast<int64_t>(found);
        offset += count - static_cast<int64_t>(kCapture.size() - 1);
    }
}

}  // namespace

OggPages read_ogg_pages(const InputFile& file) {
    OggPages out;
    std::array<unsigned char, kFixedHeader + 255> header{};
    bool after_first_page = false;
    for (int64_t at = 0; at < file.size();) {
        const int64_t count = file.read_at(header.data(), static_cast<int64_t>(header.size()), at);
        const bool is_page = count >= static_cast<int64_t>(kCapture.size()) &&
                             std::equal(kCapture.begin(), kCapture.end(), header.begin());
        if (!is_page) {
            if (at == 0) return {};
            at = find_page(file, at + 1);
            after_first_page = false;
            continue;
        }
        const size_t segments = count > static_cast<int64_t>(kSegmentCount) ? header[kSegmentCount] : 0;
        const size_t head = kFixedHeader + segments;
        const bool cut_header = count < static_cast<int64_t>(head);
        const int64_t body = cut_header
                                 ? 0
                                 : std::accumulate(header.begin() + kFixedHeader,
                                                   header.begin() + static_cast<ptrdiff_t>(head), int64_t{0});
        const bool first = !cut_header && (header[kFlags] & kFirstPage) != 0;
        // The streams that play together all begin before the first of them goes on.
        if (out.links.empty() || (first && !after_first_page)) {
            if (!out.links.empty()) out.links.back().end = at;
            out.links.push_back({at, 0});
        }
        after_first_page = first;
        const int64_t end = at + static_cast<int64_t>(head) + body;
        if (cut_header || end > file.size()) {
            out.missing = std::max<int64_t>(1, end - file.size());
            out.more_followed = cut_header || (header[kFlags] & kLastPage) == 0;
        }
        at = end;
    }
    if (!out.links.empty()) out.links.back().end = file.size();
    return out;
}

}  // namespace npuscribe::audio
