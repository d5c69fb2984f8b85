#pragma once
// The names of files that are being written. They tell who writes them, so that another process knows when
// they are left over. Private to lib/output.

#include <string>
#include <string_view>

namespace npuscribe::output {

/// ".npuscribe-TARGET-MACHINE-PROCESS-START-ATTEMPT.part": hidden, and without a format's extension, so that
/// a program that watches the directory does not take it for an output. Depends on the file name `target` and
/// on this process. TARGET and MACHINE are hashes: of the name, and of the host, its boot and the namespace
/// in which PROCESS is a number. START is when the process began.
std::string temporary_name(std::string_view target, int attempt);

enum class Writer {
    none,     // the name is not a temporary one
    alive,    // its process lives
    dead,     // its process has ended
    unknown,  // it is another machine's, or a container's; or the name is an older version's
};

/// Who wrote the file of this name.
Writer writer_of(std::string_view name);

}  // namespace npuscribe::output
