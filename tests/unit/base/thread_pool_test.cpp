#include "base/thread_pool.h"

#include <atomic>
#include <numeric>
#include <stdexcept>
#include <thread>
#include <vector>

#include "base/fair_mutex.h"
#include "catch.h"

using npuscribe::ThreadPool;

TEST_CASE("every piece of the work is done exactly once") {
    for (const size_t threads : {1, 2, 3, 5}) {
        ThreadPool pool(threads);
        REQUIRE(pool.size() == threads);
        for (const size_t count : {0, 1, 7, 64, 1000}) {
            std::vector<std::atomic<int>> done(count);
            std::atomic<bool> in_bounds{true};  // Catch2 cannot check it in other threads
            pool.for_each(count, 9, [&](size_t begin, size_t end, size_t worker) {
                if (end - begin > 9 || worker >= threads) in_bounds = false;
                for (size_t i = begin; i < end; ++i) ++done[i];
            });
            REQUIRE(in_bounds);
            for (const auto& times : done) REQUIRE(times == 1);
        }
    }
}

TEST_CASE("a slow worker does not hold the others: they take its pieces") {
    constexpr size_t kThreads = 4, kPieces = 64;
    ThreadPool pool(kThreads);
    std::vector<size_t> taken(kThreads);
    std::atomic<size_t> done{0};
    // Worker 1 is as slow as can be: its first piece lasts until all others are done.
    pool.for_each(kPieces, 1, [&](size_t, size_t, size_t worker) {
        ++taken[worker];
        while (worker == 1 && done < kPieces - 1) std::this_thread::yield();
        ++done;
    });
    CHECK(taken[1] <= 1);  // 0 if the others were done before it woke
    CHECK(std::accumulate(taken.begin(), taken.end(), size_t{0}) == kPieces);
}

TEST_CASE("no worker passes the barrier before all have arrived") {
    constexpr size_t kThreads = 4;
    constexpr int kRounds = 200;
    ThreadPool pool(kThreads);
    std::atomic<int> arrivals{0};
    std::atomic<bool> early{false};
    pool.run([&](size_t) {
        for (int round = 1; round <= kRounds; ++round) {
            ++arrivals;
            pool.barrier().arrive_and_wait();
            if (arrivals < round * static_cast<int>(kThreads)) early = true;
            pool.barrier().arrive_and_wait();
        }
    });
    REQUIRE_FALSE(early);
    REQUIRE(arrivals == kRounds * static_cast<int>(kThreads));
}

TEST_CASE("an exception in a worker reaches the caller, and the pool goes on working") {
    ThreadPool pool(3);
    REQUIRE_THROWS_AS(pool.run([](size_t worker) {
        if (worker == 2) throw std::runtime_error("worker 2");
    }),
                      std::runtime_error);
    std::atomic<int> calls{0};
    pool.run([&](size_t) { ++calls; });
    REQUIRE(calls == 3);
}

TEST_CASE("a thread that waits for a fair mutex is next, even if the owner locks it again at once") {
    npuscribe::FairMutex mutex;
    std::atomic<bool> was_in{false};
    mutex.lock();
    std::thread other([&] {
        mutex.lock();
        was_in = true;
        mutex.unlock();
    });
    while (mutex.in_line() < 2) std::this_thread::yield();
    mutex.unlock();
    mutex.lock();  // asked for at once, and granted after the other's turn
    CHECK(was_in);
    mutex.unlock();
    other.join();
}

TEST_CASE("two threads that share a pool both make progress") {
    ThreadPool pool(2);
    std::atomic<bool> stop{false};
    std::thread busy([&] {
        while (!stop) pool.run([](size_t) {});
    });
    std::atomic<int> calls{0};
    for (int i = 0; i < 100; ++i) pool.run([&](size_t) { ++calls; });
    stop = true;
    busy.join();
    CHECK(calls == 200);
}
