#include <fmt/format.h>

#include <algorithm>
#include <random>

#include "base/buffer.h"
#include "base/thread_pool.h"
#include "bench/benchmarks.h"
#include "bench/memory_speed.h"
#include "bench/study/study_figures.h"

namespace npuscribe::bench {
namespace {

constexpr double kGiga = 1e9;

std::optional<double> giga(std::optional<double> rate) {
    return rate ? std::optional(*rate / kGiga) : std::nullopt;
}

void add_criteria(Result& result, std::optional<double> to_device, std::optional<double> from_device,
                  Origin origin) {
    constexpr double kLimit = study::kBytesPerSecond / kGiga;
    result.criteria = {{"host to device", Relation::at_least, kLimit, giga(to_device), "GB/s", origin},
                       {"device to host", Relation::at_least, kLimit, giga(from_device), "GB/s", origin}};
}

// The cpu device's memory is the host's, so this measures how fast memory is written and read.
void memory(Result& result, size_t threads, size_t runs, size_t megabytes, const Progress& progress) {
    Table table{"Memory", {{"threads", ""}, {"read", "GB/s"}, {"write", "GB/s"}, {"copy", "GB/s"}}, {}};
    MemorySpeed all;
    for (size_t count = 1;; count = std::min(2 * count, threads)) {
        if (progress) progress(fmt::format("memory, {} of {} threads", count, threads));
        ThreadPool pool(count);
        all = memory_speed(pool, megabytes << 20, runs);
        table.rows.push_back(
            {{static_cast<double>(count), all.read / kGiga, all.write / kGiga, all.copy / kGiga},
             Origin::measured});
        if (count == threads) break;
    }
    result.tables.push_back(std::move(table));
    result.setup.emplace_back("buffers", fmt::format("{} MiB each", megabytes));
    add_criteria(result, all.write, all.read, Origin::measured);
    result.notes.emplace_back(
        "The cpu device computes in the host's memory: writing with all threads stands for host to device, "
        "and reading for device to host.");
}

// Operands go to the device in `prepare`, and results come back in `submit`. The device itself counts bytes
// and seconds.
class Transfers {
  public:
    explicit Transfers(Device& device) : device_(device) {
        std::minstd_rand random(1);
        std::uniform_real_distribution<float> uniform(-1, 1);
        for (float& value : x_) value = uniform(random);
        for (float& value : weight_) value = uniform(random);
        linear_ = device.load({weight_.matrix(kCols, kCols), {}, "bandwidth"});
        operand_ = device.make_operand(kRows, kCols);
    }

    void run() {
        const DeviceStats start = device_.stats();
        device_.prepare(x_.matrix(kRows, kCols), nullptr, *operand_);
        const DeviceStats middle = device_.stats();
        linear_->submit(*operand_, y_.matrix(kRows, kCols), Epilogue::none).wait();
        const DeviceStats end = device_.stats();
        to_bytes_ += static_cast<double>(middle.bytes_to_device - start.bytes_to_device);
        to_seconds_ += middle.transfer_seconds - start.transfer_seconds;
        from_bytes_ += static_cast<double>(end.bytes_from_device - middle.bytes_from_device);
        from_seconds_ += end.transfer_seconds - middle.transfer_seconds;
    }

    std::optional<double> to_device() const { return rate(to_bytes_, to_seconds_); }
    std::optional<double> from_device() const { return rate(from_bytes_, from_seconds_); }

  private:
    static std::optional<double> rate(double bytes, double seconds) {
        if (bytes <= 0 || seconds <= 0) return std::nullopt;  // the device does not count it
        return bytes / seconds;
    }

    static constexpr size_t kRows = 1500, kCols = 512;  // an operand of base
    Device& device_;
    Buffer<float> x_{kRows * kCols}, y_{kRows * kCols}, weight_{kCols * kCols};
    std::unique_ptr<Linear> linear_;
    std::unique_ptr<Operand> operand_;
    double to_bytes_ = 0, to_seconds_ = 0, from_bytes_ = 0, from_seconds_ = 0;
};

void transfers(Result& result, Device& device, size_t runs, const Progress& progress) {
    Transfers transfers(device);
    for (size_t run = 0; run < runs; ++run) {
        transfers.run();
        if (progress) progress(fmt::format("run {} of {}", run + 1, runs));
    }
    constexpr Origin origin = Origin::measured;
    add_criteria(result, transfers.to_device(), transfers.from_device(), origin);
    result.quantities = {{"host to device", giga(transfers.to_device()), "GB/s", origin},
                         {"device to host", giga(transfers.from_device()), "GB/s", origin}};
    result.notes.emplace_back(
        "Operands and results of 1500 x 512, with bytes and seconds as the device itself counts them. An NPU "
        "shares the host's memory: its transfers are cache maintenance.");
}

}  // namespace

Result bandwidth(Device& device, ThreadPool& pool, size_t runs, size_t megabytes, const Progress& progress) {
    Result result;
    result.name = "bench bandwidth";
    result.setup = device_setup(device, pool);
    result.setup.emplace_back("runs", fmt::to_string(runs));
    if (device.info().name == kCpuDevice) {
        memory(result, pool.size(), runs, megabytes, progress);
        mark_limits_of_npu(result.criteria, device);
    } else if (device.info().modelled_times) {
        add_criteria(result, std::nullopt, std::nullopt, Origin::modelled);
        result.notes.emplace_back(
            "The emulated array has no transfers to measure; npuscribe project shows what its model assumes "
            "of memory.");
    } else {
        transfers(result, device, runs, progress);
    }
    return result;
}

}  // namespace npuscribe::bench
