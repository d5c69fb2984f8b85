#pragma once
// The directory of a zip file in memory (PKWARE's APPNOTE.TXT 6.3), with the 64-bit extension. Nothing is
// unpacked here.

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>

namespace npuscribe {

struct ZipEntry {
    std::span<const std::byte> bytes;  // as they are stored
    bool deflated = false;             // else stored as they are
    uint64_t size = 0;                 // unpacked
};

using ZipDirectory = std::map<std::string, ZipEntry, std::less<>>;

/// True if the bytes begin as a zip file with at least one entry does.
bool is_zip(std::string_view beginning);

/// The files in a zip by name; directories are left out. Every entry lies inside `bytes`. Throws ModelError,
/// beginning with `file`, if the directory is damaged, cut off or has a name twice, or if an entry is
/// encrypted or packed by another method than deflate.
ZipDirectory read_zip(std::span<const std::byte> bytes, const std::string& file);

}  // namespace npuscribe
