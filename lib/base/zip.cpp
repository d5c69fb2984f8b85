#include "base/zip.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

#include "base/error.h"

namespace npuscribe {
namespace {

using Bytes = std::span<const std::byte>;

// Signatures of the format's records (APPNOTE.TXT 4.3), and their sizes without what is of variable length.
constexpr uint32_t kLocal = 0x04034B50;
constexpr uint32_t kCentral = 0x02014B50;
constexpr uint32_t kEnd = 0x06054B50;
constexpr uint32_t kEnd64 = 0x06064B50;
constexpr uint32_t kEnd64Locator = 0x07064B50;
constexpr size_t kLocalSize = 30;
constexpr size_t kCentralSize = 46;
constexpr size_t kEndSize = 22;
constexpr size_t kEnd64Size = 56;
constexpr size_t kEnd64LocatorSize = 20;
constexpr size_t kLongestComment = 65535;
constexpr uint16_t kExtra64 = 1;        // the extra field with 64-bit sizes
constexpr uint32_t kIn64 = 0xFFFFFFFF;  // stands for a number that is in the 64-bit field
constexpr uint16_t kEncrypted = 1;      // bit of the flags
constexpr uint16_t kStored = 0;
constexpr uint16_t kDeflated = 8;

struct Damaged {
    const char* what;
};

// A number at an offset; the caller has checked that it is there.
template <class T>
T number(Bytes bytes, size_t offset) {
    T value;
    std::memcpy(&value, bytes.data() + offset, sizeof value);
    return value;
}

Bytes part(Bytes bytes, uint64_t begin, uint64_t size, const char* what) {
    if (begin > bytes.size() || size > bytes.size() - begin) throw Damaged{what};
    return bytes.subspan(begin, size);
}

struct Place {
    uint64_t offset = 0;
    uint64_t size = 0;
    uint64_t entries = 0;
};

Place find_directory(Bytes bytes) {
    if (bytes.size() < kEndSize) throw Damaged{"it has no directory"};
    const size_t last = bytes.size() - kEndSize;
    const size_t first = last > kLongestComment ? last - kLongestComment : 0;
    size_t end = last;
    while (number<uint32_t>(bytes, end) != kEnd) {
        if (end == first) throw Damaged{"it has no directory, or is cut off"};
        --end;
    }
    Place place;
    place.entries = number<uint16_t>(bytes, end + 10);
    place.size = number<uint32_t>(bytes, end + 12);
    place.offset = number<uint32_t>(bytes, end + 16);
    if (end >= kEnd64LocatorSize && number<uint32_t>(bytes, end - kEnd64LocatorSize) == kEnd64Locator) {
        const auto at = number<uint64_t>(bytes, end - kEnd64LocatorSize + 8);
        const Bytes record = part(bytes, at, kEnd64Size, "its 64-bit directory lies outside the file");
        if (number<uint32_t>(record, 0) != kEnd64) throw Damaged{"its 64-bit directory is not there"};
        place.entries = number<uint64_t>(record, 32);
        place.size = number<uint64_t>(record, 40);
        place.offset = number<uint64_t>(record, 48);
    }
    return place;
}

// The 64-bit numbers of an entry, in place of those that did not fit 32 bits.
void read_extra(Bytes extra, std::array<uint64_t*, 3> wanted) {
    while (extra.size() >= 4) {
        const auto id = number<uint16_t>(extra, 0);
        Bytes field = part(extra, 4, number<uint16_t>(extra, 2), "an entry's extra field is cut off");
        extra = extra.subspan(4 + field.size());
        if (id != kExtra64) continue;
        for (uint64_t* value : wanted) {
            if (*value != kIn64) continue;
            if (field.size() < sizeof *value) throw Damaged{"an entry lacks its 64-bit size"};
            *value = number<uint64_t>(field, 0);
            field = field.subspan(sizeof *value);
        }
        return;
    }
}

std::string plain(std::string_view name) {
    std::string text(name.substr(0, 80));
    std::replace_if(
        text.begin(), text.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
    return text;
}

// Takes the next entry off the directory; no entry for a directory.
std::optional<std::pair<std::string, ZipEntry>> take_entry(Bytes bytes, Bytes& directory) {
    const Bytes head = part(directory, 0, kCentralSize, "its directory is cut off");
    if (number<uint32_t>(head, 0) != kCentral) throw Damaged{"its directory is damaged"};
    const auto flags = number<uint16_t>(head, 8);
    const auto method = number<uint16_t>(head, 10);
    uint64_t packed = number<uint32_t>(head, 20);
    uint64_t size = number<uint32_t>(head, 24);
    const size_t name_size = number<uint16_t>(head, 28);
    const size_t extra_size = number<uint16_t>(head, 30);
    const size_t comment_size = number<uint16_t>(head, 32);
    uint64_t offset = number<uint32_t>(head, 42);
    const Bytes name = part(directory, kCentralSize, name_size, "an entry's name is cut off");
    read_extra(part(directory, kCentralSize + name_size, extra_size, "an entry's extra field is cut off"),
               {&size, &packed, &offset});
    directory = directory.subspan(
        part(directory, 0, kCentralSize + name_size + extra_size + comment_size, "its directory is cut off")
            .size());
    std::string text(reinterpret_cast<const char*>(name.data()), name.size());
    if (text.ends_with('/')) return std::nullopt;
    if ((flags & kEncrypted) != 0) throw Damaged{"an entry is encrypted"};
    if (method != kStored && method != kDeflated) throw Damaged{"an entry is packed by an unknown method"};
    if (method == kStored && packed != size) throw Damaged{"a stored entry has two sizes"};
    const Bytes local = part(bytes, offset, kLocalSize, "an entry lies outside the file");
    if (number<uint32_t>(local, 0) != kLocal) throw Damaged{"an entry is not where the directory says"};
    // The local name and extra field may differ in length from the directory's.
    const uint64_t skip = kLocalSize + number<uint16_t>(local, 26) + uint64_t{number<uint16_t>(local, 28)};
    const Bytes rest = part(bytes, offset, bytes.size() - offset, "an entry lies outside the file");
    return std::pair(std::move(text), ZipEntry{part(rest, skip, packed, "an entry lies outside the file"),
                                               method == kDeflated, size});
}

}  // namespace

bool is_zip(std::string_view beginning) {
    return beginning.starts_with("PK\x03\x04");
}

ZipDirectory read_zip(Bytes bytes, const std::string& file) {
    try {
        const Place place = find_directory(bytes);
        Bytes directory = part(bytes, place.offset, place.size, "its directory lies outside the file");
        ZipDirectory entries;
        for (uint64_t i = 0; i < place.entries; ++i) {
            auto entry = take_entry(bytes, directory);
            if (!entry) continue;
            const auto [found, added] = entries.insert(std::move(*entry));
            if (!added)
                throw ModelError(
                    fmt::format("{}: is a damaged zip file: it has {} twice", file, plain(found->first)));
        }
        return entries;
    } catch (const Damaged& damaged) {
        throw ModelError(fmt::format("{}: is a damaged zip file: {}", file, damaged.what));
    }
}

}  // namespace npuscribe
