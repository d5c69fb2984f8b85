#include "base/sha256.h"

#include <openssl/evp.h>

#include <fstream>
#include <vector>

#include "base/error.h"

namespace npuscribe {

struct Sha256::Context {
    std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> evp{EVP_MD_CTX_new(), EVP_MD_CTX_free};
};

Sha256::Sha256() : context_(std::make_unique<Context>()) {
    if (EVP_DigestInit_ex(context_->evp.get(), EVP_sha256(), nullptr) != 1)
        throw Error("libcrypto cannot compute a SHA-256");
}

Sha256::~Sha256() = default;

void Sha256::update(std::span<const std::byte> bytes) {
    EVP_DigestUpdate(context_->evp.get(), bytes.data(), bytes.size());
}

std::string Sha256::finish() {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    EVP_DigestFinal_ex(context_->evp.get(), digest, &size);
    constexpr char kDigits[] = "0123456789abcdef";
    std::string text;
    for (unsigned i = 0; i < size; ++i) {
        text += kDigits[digest[i] >> 4];
        text += kDigits[digest[i] & 15];
    }
    return text;
}

std::string sha256(std::span<const uint8_t> bytes) {
    Sha256 sum;
    sum.update(std::as_bytes(bytes));
    return sum.finish();
}

std::optional<std::string> sha256_of_file(const std::filesystem::path& file,
                                          const std::function<bool()>& stop) {
    constexpr size_t kPiece = size_t{1} << 20;
    std::ifstream stream(file, std::ios::binary);
    Sha256 sum;
    std::vector<char> piece(kPiece);
    while (stream) {
        if (stop && stop()) return std::nullopt;
        stream.read(piece.data(), static_cast<std::streamsize>(piece.size()));
        sum.update(std::as_bytes(std::span(piece).first(static_cast<size_t>(stream.gcount()))));
    }
    if (!stream.eof()) return std::nullopt;
    return sum.finish();
}

}  // namespace npuscribe
