#include "audio/file_end.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <string_view>

#include "audio/ogg_pages.h"

namespace npuscribe::audio {
namespace {

/// Writers that cannot go back put a size near 2 or 4 GiB into a header: 0xFFFFFFFF, 0x7FFFF000, 0x80000024 …
constexpr uint64_t kUnknownSize = 0x7FFF0000;
constexpr int kMostChunks = 100000;

enum class Order { little, big };

class Reader {
  public:
    explicit Reader(const InputFile& file) : file_(file) {}

    /// False beyond the end of the file.
    bool has(int64_t offset, int64_t count) const { return offset >= 0 && offset <= file_.size() - count; }

    uint64_t number(int64_t offset, int bytes, Order order) const {
        std::array<unsigned char, 8> raw{};
        if (file_.read_at(raw.data(), bytes, offset) != bytes) return 0;
        uint64_t value = 0;
        for (int i = 0; i < bytes; ++i) {
            const int at = order == Order::big ? i : bytes - 1 - i;
            value = value << 8 | raw[static_cast<size_t>(at)];
        }
        return value;
    }

    bool is(int64_t offset, std::string_view name) const {
        std::array<char, 8> raw{};
        const auto count = static_cast<int64_t>(name.size());
        return file_.read_at(raw.data(), count, offset) == count &&
               std::memcmp(raw.data(), name.data(), name.size()) == 0;
    }

    int64_t size() const { return file_.size(); }

  private:
    const InputFile& file_;
};

/// Of a stretch of `size` bytes from `begin` on.
FileEnd end_of_stretch(const Reader& in, int64_t begin, uint64_t size) {
    if (size > static_cast<uint64_t>(INT64_MAX / 2)) return {};
    return {std::max<int64_t>(0, begin + static_cast<int64_t>(size) - in.size()), false};
}

/// Of the chunk `name` in a file of chunks with an ID and 32 bits of size.
FileEnd end_of_chunk(const Reader& in, std::string_view name, Order order, std::optional<uint64_t> size64) {
    int64_t at = 12;
    for (int i = 0; i < kMostChunks && in.has(at, 8); ++i) {
        const uint64_t size = in.number(at + 4, 4, order);
        if (in.is(at, name)) {
            if (size64) return end_of_stretch(in, at + 8, *size64);
            if (size >= kUnknownSize && in.size() < static_cast<int64_t>(kUnknownSize)) return {};
            return end_of_stretch(in, at + 8, size);
        }
        at += 8 + static_cast<int64_t>(size) + static_cast<int64_t>(size & 1);
    }
    return {};
}

FileEnd end_of_riff(const Reader& in) {
    const Order order = in.is(0, "RIFX") ? Order::big : Order::little;
    if (in.is(8, "AVI ")) {
        const uint64_t size = in.number(4, 4, order);
        return size >= kUnknownSize ? FileEnd{} : end_of_stretch(in, 8, size);
    }
    if (!in.is(8, "WAVE")) return {};
    std::optional<uint64_t> size64;
    // RF64 has the sizes of 64 bits in its first chunk: those of the file, of the data, of the samples.
    if (!in.is(0, "RIF") && in.is(12, "ds64")) size64 = in.number(28, 8, Order::little);
    return end_of_chunk(in, "data", order, size64);
}

/// GUIDs for IDs, and sizes that include the header of 24 bytes.
FileEnd end_of_wave64(const Reader& in) {
    int64_t at = 40;
    for (int i = 0; i < kMostChunks && in.has(at, 24); ++i) {
        const uint64_t size = in.number(at + 16, 8, Order::little);
        if (in.is(at, "data")) return end_of_stretch(in, at, size);
        if (size < 24 || size > static_cast<uint64_t>(in.size())) return {};
        at += static_cast<int64_t>((size + 7) / 8 * 8);
    }
    return {};
}

FileEnd end_of_au(const Reader& in) {
    const uint64_t size = in.number(8, 4, Order::big);
    return size >= kUnknownSize ? FileEnd{}
                                : end_of_stretch(in, static_cast<int64_t>(in.number(4, 4, Order::big)), size);
}

FileEnd end_of_caf(const Reader& in) {
    int64_t at = 8;
    for (int i = 0; i < kMostChunks && in.has(at, 12); ++i) {
        const uint64_t size = in.number(at + 4, 8, Order::big);
        if (in.is(at, "data")) return end_of_stretch(in, at + 12, size);
        if (size > static_cast<uint64_t>(in.size())) return {};
        at += 12 + static_cast<int64_t>(size);
    }
    return {};
}

FileEnd end_of_mp4(const Reader& in) {
    bool fragmented = false;
    int64_t at = 0;
    for (int i = 0; i < kMostChunks && in.has(at, 8); ++i) {
        uint64_t size = in.number(at, 4, Order::big);
        if (size == 1) size = in.number(at + 8, 8, Order::big);
        if (size < 8) return {};  // 0: to the end of the file
        fragmented = fragmented || in.is(at + 4, "moof");
        FileEnd end = end_of_stretch(in, at, size);
        if (end.missing > 0) {
            const bool sound = in.is(at + 4, "moof") || in.is(at + 4, "mdat");
            return sound ? FileEnd{end.missing, fragmented} : FileEnd{};
        }
        at += static_cast<int64_t>(size);
    }
    return {};
}

/// RFC 8794: a number whose first byte's leading zeros tell its length. Nothing: it is unknown.
std::optional<uint64_t> ebml_size(const Reader& in, int64_t& at) {
    const uint64_t first = in.number(at, 1, Order::big);
    int length = 1;
    while (length <= 8 && (first & (0x80U >> (length - 1))) == 0) ++length;
    if (length > 8) return std::nullopt;
    const uint64_t mask = (uint64_t{1} << (7 * length)) - 1;
    const uint64_t value = in.number(at, length, Order::big) & mask;
    at += length;
    if (value == mask) return std::nullopt;
    return value;
}

FileEnd end_of_matroska(const Reader& in) {
    int64_t at = 4;
    const auto header = ebml_size(in, at);
    if (!header || *header > static_cast<uint64_t>(in.size())) return {};
    at += static_cast<int64_t>(*header);
    if (!in.is(at, "\x18\x53\x80\x67")) return {};
    at += 4;
    const auto segment = ebml_size(in, at);
    return segment ? end_of_stretch(in, at, *segment) : FileEnd{};
}

}  // namespace

FileEnd end_of(const InputFile& file) {
    const Reader in(file);
    if (in.is(0, "RIFF") || in.is(0, "RIFX") || in.is(0, "RF64") || in.is(0, "BW64")) return end_of_riff(in);
    if (in.is(0, "riff")) return end_of_wave64(in);
    if (in.is(0, "FORM")) return end_of_chunk(in, "SSND", Order::big, std::nullopt);
    if (in.is(0, ".snd")) return end_of_au(in);
    if (in.is(0, "caff")) return end_of_caf(in);
    if (in.is(4, "ftyp")) return end_of_mp4(in);
    if (in.is(0, "\x1A\x45\xDF\xA3")) return end_of_matroska(in);
    const OggPages pages = read_ogg_pages(file);
    return {pages.missing, pages.more_followed};
}

}  // namespace npuscribe::audio
