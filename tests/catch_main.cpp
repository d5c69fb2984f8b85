// The main function of every Catch2 program here, for Catch2 2 and 3. It exits with 77 if a test case was
// skipped and none failed, with 1 if one failed or none matched, else with 0: ctest can then tell these
// apart. (Catch2 2 exits with the number of failed assertions, which may be any number, and cannot skip.)
//
// One option more than Catch2's: --skips-fail, for those test cases that are expected to run on every
// machine.
#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
using ListenerBase = Catch::EventListenerBase;
#else
#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>
using ListenerBase = Catch::TestEventListenerBase;
#endif

#include <cstdlib>
#include <iostream>
#include <set>
#include <string>
#include <vector>

#include "needs.h"

#ifdef NPUSCRIBE_LEAKS_ARE_FOUND
// libsndfile 1.2 forgets what libvorbis allocated if an Ogg file's headers are damaged. npuscribe asks it
// only where FFmpeg's libraries could not read the file.
extern "C" const char* __lsan_default_suppressions() {
    return "leak:vorbis_info_init\n";
}
#endif

namespace {

constexpr int kSkipped = 77;  // SKIP_RETURN_CODE in tests/CMakeLists.txt

struct Run {
    bool skips_fail = false;
    std::string test_case;  // the one that runs
    std::string tags;       // its tags: "[one][two]"
    size_t test_cases = 0;
    std::set<std::string> skipped;  // test cases
    bool failed = false;
    bool ended = false;
};

Run& run() {
    static Run instance;
    return instance;
}

class Listener : public ListenerBase {
  public:
    using ListenerBase::ListenerBase;

    void testCaseStarting(const Catch::TestCaseInfo& info) override {
        ListenerBase::testCaseStarting(info);
        run().test_case = info.name;
        run().tags = info.tagsAsString();
        ++run().test_cases;
    }
    void testRunEnded(const Catch::TestRunStats& stats) override {
        ListenerBase::testRunEnded(stats);
        run().failed = stats.totals.testCases.failed > 0 || stats.totals.assertions.failed > 0;
        run().ended = true;
    }
};
CATCH_REGISTER_LISTENER(Listener)

}  // namespace

void npuscribe::test::skip(const std::string& need, const std::string& reason) {
    // Without its tag, or outside its tag's entry, ctest would show a skipped test case as one of many that
    // passed.
    if (run().tags.find("[" + need + "]") == std::string::npos)
        FAIL("skipped (" << reason << "), but the test case does not have the tag [" << need << "]");
    if (run().skips_fail)
        FAIL("skipped (" << reason << "), but NEEDS of this program's npuscribe_test does not name " << need);
    run().skipped.insert(run().test_case);
    std::cout << "SKIPPED: " << need << ": " << reason << ": " << run().test_case << std::endl;
#ifdef SKIP  // Catch2 3.3 and later
    SKIP(reason);
#else
    throw Catch::TestFailureException();  // ends the test case; only a failed assertion counts as a failure
#endif
    std::abort();  // not reached
}

int main(int argc, char** argv) {
    std::vector<char*> arguments;
    for (int i = 0; i < argc; ++i) {
        if (std::string(argv[i]) == "--skips-fail")
            run().skips_fail = true;
        else
            arguments.push_back(argv[i]);
    }
    Catch::Session session;
    if (session.applyCommandLine(static_cast<int>(arguments.size()), arguments.data()) != 0)
        return EXIT_FAILURE;
    const auto& config = session.configData();
    const bool prints = config.showHelp || config.listTests || config.listTags || config.listReporters;
    session.run();  // the listener has counted: the exit code's meaning depends on Catch2's version
    if (prints) return EXIT_SUCCESS;  // Catch2 2 exits with the number of lines
    if (!run().ended || run().failed) return EXIT_FAILURE;
    if (run().test_cases == 0) {
        std::cout << "FAILED: no test case matches\n";
        return EXIT_FAILURE;
    }
    if (run().skipped.empty()) return EXIT_SUCCESS;
    // Catch2 2 counts them as passed.
    std::cout << run().skipped.size() << " of " << run().test_cases << " test cases were skipped\n";
    return kSkipped;
}
