#include "base/sha256.h"

#include <dlfcn.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/opensslv.h>

#include <fstream>
#include <vector>

#include "base/error.h"

namespace npuscribe {

namespace {

// libcrypto, loaded when something is to be hashed: relocating it would cost every start of the program half
// a millisecond. Its soname is that of the headers.
class Crypto {
  public:
    static const Crypto& get() {
        static const Crypto crypto;
        return crypto;
    }

    decltype(&EVP_MD_CTX_new) make;
    decltype(&EVP_MD_CTX_free) free;
    decltype(&EVP_sha256) sha256;
    decltype(&EVP_DigestInit_ex) init;
    decltype(&EVP_DigestUpdate) update;
    decltype(&EVP_DigestFinal_ex) finish;

  private:
    Crypto() {
        const auto name = fmt::format("libcrypto.so.{}", OPENSSL_SHLIB_VERSION);
        void* library = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
        if (library == nullptr) refuse();
        find(library, "EVP_MD_CTX_new", make);
        find(library, "EVP_MD_CTX_free", free);
        find(library, "EVP_sha256", sha256);
        find(library, "EVP_DigestInit_ex", init);
        find(library, "EVP_DigestUpdate", update);
        find(library, "EVP_DigestFinal_ex", finish);
    }
    template <class Function>
    static void find(void* library, const char* name, Function& function) {
        function = reinterpret_cast<Function>(dlsym(library, name));
        if (function == nullptr) refuse();
    }
    [[noreturn]] static void refuse() {
        throw Error(fmt::format("a SHA-256 cannot be computed: {}", dlerror()));
    }
};

}  // namespace

struct Sha256::Context {
    const Crypto& crypto = Crypto::get();
    std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> evp{crypto.make(), crypto.free};
};

Sha256::Sha256() : context_(std::make_unique<Context>()) {
    const Crypto& crypto = context_->crypto;
    if (crypto.init(context_->evp.get(), crypto.sha256(), nullptr) != 1)
        throw Error("libcrypto cannot compute a SHA-256");
}

Sha256::~Sha256() = default;

void Sha256::update(std::span<const std::byte> bytes) {
    context_->crypto.update(context_->evp.get(), bytes.data(), bytes.size());
}

std::string Sha256::finish() {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    context_->crypto.finish(context_->evp.get(), digest, &size);
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
