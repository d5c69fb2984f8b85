// Preloaded into npuscribe: lets one call of the program fail, the NPUSCRIBE_FAIL_AT-th of its kind. Kinds
// (NPUSCRIBE_FAIL_KIND): allocate, open, read, write, sync, rename. Calls of libraries are not counted, but
// those of the C++ library for the program are, except for allocations: there the caller tells whose they
// are. At its end it writes how many calls there were to NPUSCRIBE_FAIL_COUNT, if that is set.

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/types.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>

namespace {

enum class Kind { allocate, open, read, write, sync, rename, none };

Kind kind() {
    static const Kind chosen = [] {
        constexpr const char* kNames[] = {"allocate", "open", "read", "write", "sync", "rename"};
        const char* given = std::getenv("NPUSCRIBE_FAIL_KIND");
        for (int i = 0; given != nullptr && i < 6; ++i) {
            if (std::strcmp(given, kNames[i]) == 0) return static_cast<Kind>(i);
        }
        return Kind::none;
    }();
    return chosen;
}

long failing_call() {
    static const long at = [] {
        const char* given = std::getenv("NPUSCRIBE_FAIL_AT");
        return given != nullptr ? std::atol(given) : 0L;
    }();
    return at;
}

std::atomic<long> calls{0};
// The reading of the environment, and the dynamic linker, allocate as well.
thread_local bool inside = false;

/// Counts a call of this kind, and tells whether it is the one that fails.
bool fails(Kind of) {
    if (inside || kind() != of) return false;
    return ++calls == failing_call();
}

/// Whether the code at this address is the program's own, and no library's.
bool is_own(const void* caller) {
    Dl_info info{};
    inside = true;
    const bool known = dladdr(caller, &info) != 0;
    inside = false;
    return known && info.dli_fname != nullptr && std::strstr(info.dli_fname, ".so") == nullptr;
}

template <class Function>
Function next(const char* name) {
    inside = true;
    const auto found = reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
    inside = false;
    return found;
}

struct Report {
    ~Report() {
        const char* path = std::getenv("NPUSCRIBE_FAIL_COUNT");
        if (path == nullptr) return;
        inside = true;
        if (std::FILE* file = std::fopen(path, "w")) {
            std::fprintf(file, "%ld\n", calls.load());
            std::fclose(file);
        }
    }
} report;

void* allocate(std::size_t size, std::size_t alignment, const void* caller) {
    if (kind() == Kind::allocate && !inside && is_own(caller) && fails(Kind::allocate))
        throw std::bad_alloc();
    void* memory = alignment == 0
                       ? std::malloc(size)
                       : std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
    if (memory == nullptr) throw std::bad_alloc();
    return memory;
}

}  // namespace

void* operator new(std::size_t size) {
    return allocate(size == 0 ? 1 : size, 0, __builtin_return_address(0));
}
void* operator new[](std::size_t size) {
    return allocate(size == 0 ? 1 : size, 0, __builtin_return_address(0));
}
void* operator new(std::size_t size, std::align_val_t alignment) {
    return allocate(size == 0 ? 1 : size, static_cast<std::size_t>(alignment), __builtin_return_address(0));
}
void* operator new[](std::size_t size, std::align_val_t alignment) {
    return allocate(size == 0 ? 1 : size, static_cast<std::size_t>(alignment), __builtin_return_address(0));
}
void operator delete(void* memory) noexcept {
    std::free(memory);
}
void operator delete[](void* memory) noexcept {
    std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
    std::free(memory);
}
void operator delete[](void* memory, std::size_t) noexcept {
    std::free(memory);
}
void operator delete(void* memory, std::align_val_t) noexcept {
    std::free(memory);
}
void operator delete[](void* memory, std::align_val_t) noexcept {
    std::free(memory);
}
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
    std::free(memory);
}
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept {
    std::free(memory);
}

extern "C" {

static int failed(int error_number) {
    errno = error_number;
    return -1;
}

int open(const char* path, int flags, ...) {
    static const auto real = next<int (*)(const char*, int, ...)>("open");
    va_list rest;
    va_start(rest, flags);
    const mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    return fails(Kind::open) ? failed(EMFILE) : real(path, flags, mode);
}
int open64(const char* path, int flags, ...) {
    static const auto real = next<int (*)(const char*, int, ...)>("open64");
    va_list rest;
    va_start(rest, flags);
    const mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    return fails(Kind::open) ? failed(EMFILE) : real(path, flags, mode);
}
int openat(int directory, const char* path, int flags, ...) {
    static const auto real = next<int (*)(int, const char*, int, ...)>("openat");
    va_list rest;
    va_start(rest, flags);
    const mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    return fails(Kind::open) ? failed(EMFILE) : real(directory, path, flags, mode);
}
std::FILE* fopen64(const char* path, const char* mode) {
    static const auto real = next<std::FILE* (*)(const char*, const char*)>("fopen64");
    if (!fails(Kind::open)) return real(path, mode);
    errno = EMFILE;
    return nullptr;
}

ssize_t read(int file, void* buffer, size_t count) {
    static const auto real = next<ssize_t (*)(int, void*, size_t)>("read");
    return fails(Kind::read) ? failed(EIO) : real(file, buffer, count);
}
ssize_t pread(int file, void* buffer, size_t count, off_t at) {
    static const auto real = next<ssize_t (*)(int, void*, size_t, off_t)>("pread");
    return fails(Kind::read) ? failed(EIO) : real(file, buffer, count, at);
}
ssize_t pread64(int file, void* buffer, size_t count, off64_t at) {
    static const auto real = next<ssize_t (*)(int, void*, size_t, off64_t)>("pread64");
    return fails(Kind::read) ? failed(EIO) : real(file, buffer, count, at);
}

ssize_t write(int file, const void* buffer, size_t count) {
    static const auto real = next<ssize_t (*)(int, const void*, size_t)>("write");
    return fails(Kind::write) ? failed(ENOSPC) : real(file, buffer, count);
}
size_t fwrite(const void* buffer, size_t size, size_t count, std::FILE* file) {
    static const auto real = next<size_t (*)(const void*, size_t, size_t, std::FILE*)>("fwrite");
    if (!fails(Kind::write)) return real(buffer, size, count, file);
    errno = ENOSPC;
    return 0;
}

int fsync(int file) {
    static const auto real = next<int (*)(int)>("fsync");
    return fails(Kind::sync) ? failed(EIO) : real(file);
}
int fdatasync(int file) {
    static const auto real = next<int (*)(int)>("fdatasync");
    return fails(Kind::sync) ? failed(EIO) : real(file);
}

int rename(const char* from, const char* to) {
    static const auto real = next<int (*)(const char*, const char*)>("rename");
    return fails(Kind::rename) ? failed(EACCES) : real(from, to);
}
int renameat(int from_directory, const char* from, int to_directory, const char* to) {
    static const auto real = next<int (*)(int, const char*, int, const char*)>("renameat");
    return fails(Kind::rename) ? failed(EACCES) : real(from_directory, from, to_directory, to);
}
}
