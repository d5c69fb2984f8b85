#include "bench/project.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>
#include <optional>
#include <tuple>
#include <utility>

#include "base/error.h"
#include "bench/array_design_before.h"
#include "bench/array_projection.h"
#include "bench/cpu_projection.h"
#include "bench/estimates.h"
#include "bench/host_share.h"
#include "bench/pair_projection.h"
#include "bench/study/study_figures.h"
#include "bench/study/study_projection.h"
#include "device/cpu/cpu_info.h"
#include "model/catalog.h"

namespace npuscribe::bench {
namespace {

struct Size {
    std::string model;
    Shape shape;  // batch 1
};

class Projection {
  public:
    Projection(const ProjectOptions& options, ThreadPool& pool, const Progress& progress)
        : options_(options),
          pool_(pool),
          progress_(progress),
          battery_{options.battery_watt_hours, study::kSystemIdleWatts} {}

    Result run() {
        Result result;
        result.name = "project";
        result.setup = {{"sizes", fmt::format("{}; {} frames of 20 ms", fmt::join(options_.models, ", "),
                                              fmt::join(options_.frames, ", "))},
                        {"battery", fmt::format("{:g} Wh", options_.battery_watt_hours)},
                        {"this CPU", options_.measure ? fmt::format("{}, {}, {} threads", cpu_name(),
                                                                    onednn_isa(), pool_.size())
                                                      : "not measured (--no-measure)"}};
        std::vector<Table> batches;
        for (const std::string& model : options_.models) {
            const CatalogEntry* entry = find_in_catalog(model);
            if (entry == nullptr) throw UsageError("the catalog has no model " + model);
            const Dimensions& d = entry->dimensions;
            Table table =
                estimates_table(fmt::format("{}: {} layers of {}", model, d.n_audio_layer, d.n_audio_state));
            Table batch = batches_table(model + ": batches");
            for (const size_t frames : options_.frames) {
                const Size size{model, {d.n_audio_state, d.n_audio_layer, frames, 1}};
                add_size(size, table, batch);
            }
            result.tables.push_back(std::move(table));
            batches.push_back(std::move(batch));
            designs_.push_back(designs(model, d));
        }
        for (Table& batch : batches) result.tables.push_back(std::move(batch));
        for (Table& table : designs_) result.tables.push_back(std::move(table));
        result.tables.push_back(study::alternatives(compared_));
        add_notes(result);
        return result;
    }

  private:
    void add_size(const Size& size, Table& table, Table& batch) {
        const Shape& shape = size.shape;
        const auto add = [&](const std::vector<Estimate>& estimates) {
            for (const Estimate& e : estimates) table.rows.push_back(row(e, shape, battery_));
        };
        const auto add_batches = [&](const std::vector<BatchEstimate>& estimates) {
            for (const BatchEstimate& e : estimates) batch.rows.push_back(row(e, shape));
        };
        add(study::estimates(shape));
        add_batches(study::batch_estimates(shape));
        const auto int8 = options_.measure ? measure(size, Precision::int8_tensor) : std::nullopt;
        const auto bfp16 = options_.measure ? measure(size, Precision::bfp16) : std::nullopt;
        // INT8 sums go to the host, as the cpu device's do.
        std::optional<double> host_int8, host_bfp16;
        if (int8) host_int8 = int8->host_seconds;
        if (options_.measure) {
            if (progress_)
                progress_(
                    fmt::format("measuring the host's share of {}, {} frames", size.model, shape.frames));
            const HostShare host = measure_host_share(shape, pool_);
            hosts_[{size.model, shape.frames}] = host;
            host_bfp16 = host.attention + host.now;
        }
        for (const auto& [track, kernel, host] : {std::tuple{"Track 1", array::Kernel::int8, host_int8},
                                                  {"Track 2", array::Kernel::bfp16, host_bfp16}}) {
            add(array_estimates(track, kernel, host, shape));
            add_batches(array_batches(track, kernel, host, shape));
        }
        if (options_.measure) add_batches({pair_batches(shape, hosts_.at({size.model, shape.frames}))});
        for (const auto& [name, cpu] :
             {std::pair{"Track 1, this CPU, int8-tensor", int8}, {"Track 2, this CPU, bfp16", bfp16}}) {
            if (!cpu) continue;
            add({{name, Origin::measured, cpu->seconds, {}, {}, {}, cpu->joules}});
            add_batches({cpu_batches(name, *cpu)});
        }
        if (size.model == "base" && shape.frames == study::kFrames) remember(shape, int8, bfp16, host_bfp16);
    }

    /// The array's matmuls alone, by its model; then with the work that an NPU leaves to the CPU. Each is a
    /// range: the middle, and both ends.
    static std::vector<Estimate> array_estimates(const std::string& track, array::Kernel kernel,
                                                 const std::optional<double>& host, const Shape& shape) {
        std::vector<Estimate> out;
        const auto add = [&](const char* what, double host_seconds) {
            for (const auto& [which, end] : {std::pair{array::Case::middle, ""},
                                             {array::Case::best, ", at best"},
                                             {array::Case::worst, ", at worst"}}) {
                const ArrayProjection array =
                    project_array(kernel, shape, array::Plan::built_in(), array::Assumptions(which));
                const double seconds = array.seconds + host_seconds;
                out.push_back({track + what + end, Origin::modelled, seconds, array.traffic, array.dram_bytes,
                               array.buffers,
                               joules(array.seconds, seconds, study::kActiveWatts, study::kIdleWatts)});
            }
        };
        add(", array's matmuls", 0);
        if (host) add(", array and this CPU's part", *host);
        return out;
    }

    /// The same for batches.
    static std::vector<BatchEstimate> array_batches(const std::string& track, array::Kernel kernel,
                                                    const std::optional<double>& host, const Shape& shape) {
        const auto estimate = [&](const char* what, double host_seconds) {
            BatchEstimate e{track + what, Origin::modelled, {}};
            for (size_t i = 0; i < kBatches.size(); ++i) {
                Shape several = shape;
                several.batch = kBatches[i];
                e.seconds[i] =
                    project_array(kernel, several).seconds + static_cast<double>(kBatches[i]) * host_seconds;
            }
            return e;
        };
        std::vector<BatchEstimate> out = {estimate(", array's matmuls", 0)};
        if (host) out.push_back(estimate(", array and this CPU's part", *host));
        return out;
    }

    /// The same with windows in pairs.
    static BatchEstimate pair_batches(const Shape& shape, const HostShare& host) {
        const double alone = project_array(array::Kernel::bfp16, shape).seconds + host.attention + host.now;
        const double pair = pair_of(shape, host.layer, array::Case::middle).both;
        BatchEstimate e{"Track 2, array and this CPU's part, in pairs", Origin::modelled, {}};
        for (size_t i = 0; i < kBatches.size(); ++i) {
            const size_t pairs = kBatches[i] / 2, rest = kBatches[i] % 2;
            e.seconds[i] = static_cast<double>(pairs) * pair + static_cast<double>(rest) * alone;
        }
        return e;
    }

    /// The array's design now and before version 2 of its layout, under the same assumptions.
    Table designs(const std::string& model, const Dimensions& d) {
        Table table{model + ": the array's design, before and now",
                    {{"layers of one window", ""},
                     {"frames", ""},
                     {"before, at best", "ms"},
                     {"middle", "ms"},
                     {"at worst", "ms"},
                     {"now, at best", "ms"},
                     {"middle", "ms"},
                     {"at worst", "ms"},
                     {"now/before", ""}},
                    {}};
        for (const size_t frames : options_.frames) {
            const Shape shape{d.n_audio_state, d.n_audio_layer, frames, 1};
            const auto add = [&](std::string name, double host_before, double host_now) {
                std::vector<Cell> cells = {std::move(name), static_cast<double>(frames)};
                std::vector<double> before, now;
                for (const array::Case which : array::kCases) {
                    const array::Assumptions assume(which);
                    before.push_back(project_array_before(shape, assume).seconds + host_before);
                    now.push_back(
                        project_array(array::Kernel::bfp16, shape, array::Plan::built_in(), assume).seconds +
                        host_now);
                }
                for (const auto* times : {&before, &now}) {
                    for (const double seconds : *times) cells.emplace_back(seconds * 1e3);
                }
                cells.emplace_back(now[1] / before[1]);
                table.rows.push_back({std::move(cells), Origin::modelled});
            };
            add("array's matmuls", 0, 0);
            if (!options_.measure) continue;
            const HostShare& host = hosts_.at({model, frames});
            const auto measured = [&](std::string name, double before, double now) {
                const double ms = 1e3;
                table.rows.push_back({{std::move(name), static_cast<double>(frames), Cell(), before * ms,
                                       Cell(), Cell(), now * ms, Cell(), now / before},
                                      Origin::measured});
            };
            measured("this CPU's part: attention", host.attention, host.attention);
            measured("this CPU's part: norms, rounding, GELU, results", host.before, host.now);
            add("array and this CPU's part", host.attention + host.before, host.attention + host.now);
            add_pair(shape, host, table);
        }
        return table;
    }

    /// The design now with windows in pairs, below a row of one window with both designs.
    static void add_pair(const Shape& shape, const HostShare& host, Table& table) {
        const std::vector<Cell> alone = table.rows.back().cells;
        std::vector<Cell> each(alone.begin(), alone.begin() + kDesignsNow);
        std::vector<Cell> both = {"a pair, until both are done", alone[1], Cell(), Cell(), Cell()};
        each[0] = "the same, windows in pairs: each";
        for (const array::Case which : array::kCases) {
            const PairSeconds pair = pair_of(shape, host.layer, which);
            each.emplace_back(pair.each() * 1e3);
            both.emplace_back(pair.both * 1e3);
        }
        each.emplace_back(std::get<double>(each[kDesignsNow + 1]) / std::get<double>(each[3]));
        both.emplace_back();
        table.rows.push_back({std::move(each), Origin::modelled});
        table.rows.push_back({std::move(both), Origin::modelled});
    }

    static PairSeconds pair_of(const Shape& shape, const HostLayer& host, array::Case which) {
        const ArrayProjection array =
            project_array(array::Kernel::bfp16, shape, array::Plan::built_in(), array::Assumptions(which));
        return project_pair(host, array.submissions, shape.layers);
    }

    /// One window after the other.
    static BatchEstimate cpu_batches(const std::string& name, const CpuProjection& cpu) {
        BatchEstimate e{name, Origin::measured, {}};
        for (size_t i = 0; i < kBatches.size(); ++i)
            e.seconds[i] = static_cast<double>(kBatches[i]) * cpu.seconds;
        return e;
    }

    std::optional<CpuProjection> measure(const Size& size, Precision precision) {
        if (progress_) {
            progress_(fmt::format("measuring a layer of {}, {} frames, {}", size.model, size.shape.frames,
                                  npuscribe::name(precision)));
        }
        try {
            return measure_cpu(size.shape, precision, pool_);
        } catch (const DeviceError& error) {
            unmeasured_[precision] = error.what();
            return std::nullopt;
        }
    }

    void remember(const Shape& shape, const std::optional<CpuProjection>& int8,
                  const std::optional<CpuProjection>& bfp16, const std::optional<double>& host) {
        const double array = project_array(array::Kernel::bfp16, shape).seconds;
        compared_.push_back({"Track 2, array's matmuls", Origin::modelled, array});
        if (host)
            compared_.push_back({"Track 2, array and this CPU's part", Origin::modelled, array + *host});
        if (bfp16) compared_.push_back({"this CPU, bfp16", Origin::measured, bfp16->seconds});
        if (int8) compared_.push_back({"this CPU, int8-tensor", Origin::measured, int8->seconds});
    }

    void add_notes(Result& result) const {
        result.notes = {
            "Times are of the encoder's layers alone. Realtime factors count 20 ms of audio for each frame: "
            "10.24 s for 512 frames.",
            "Moved: operands and results between host and NPU; with weights, if these do not stay on the "
            "NPU. DRAM: the bytes that the array itself reads and writes; it reads operands again for each "
            "group of tiles.",
            "\"study\": the study's figures of base at 512 frames, scaled as in the study, by layers and by "
            "frames.",
            "\"modelled\": the array's six matmuls of a layer, in the middle of the ranges of assumptions "
            "that could not be checked on an NPU; \"at best\" and \"at worst\" are their ends: ",
            "\"this CPU's part\": attention, norms, quantisation and the array's results, measured here and "
            "added "
            "to the model's time. Track 1's includes GELU.",
            "\"in pairs\": the array works for one window while this CPU works for another, in the order in "
            "which the encoder takes its steps (lib/encoder/pair_order.h). The steps' times on this CPU are "
            "measured one by one, and it is assumed to be free while the array works, dispatch included. The "
            "first window of a recording is encoded alone. The design before had no pairs.",
            "\"measured\": one layer with generated weights on the cpu device, times the number of layers. "
            "Its batches are windows one after the other.",
            fmt::format("Energy is the NPU's alone, with the study's {:g} W at work and {:g} W idle, or the "
                        "CPU's by RAPL (–: RAPL is not available). The battery's hours are hours of audio, "
                        "with {:g} W for the rest of the machine.",
                        study::kActiveWatts, study::kIdleWatts, study::kSystemIdleWatts)};
        const auto assumptions = array::Assumptions::describe();
        result.notes[3] += fmt::format("{}.", fmt::join(assumptions, "; "));
        for (const auto& [precision, why] : unmeasured_)
            result.notes.push_back(fmt::format("Not measured in {}: {}.", npuscribe::name(precision), why));
    }

    static constexpr size_t kDesignsNow = 5;  // the first column of `designs` for the design now

    const ProjectOptions& options_;
    ThreadPool& pool_;
    const Progress& progress_;
    const Battery battery_;
    std::vector<Table> designs_;                                 // a model each
    std::map<std::pair<std::string, size_t>, HostShare> hosts_;  // by model and frames
    std::vector<Estimate> compared_;                             // base at 512 frames
    std::map<Precision, std::string> unmeasured_;
};

}  // namespace

Result project(const ProjectOptions& options, ThreadPool& pool, const Progress& progress) {
    return Projection(options, pool, progress).run();
}

}  // namespace npuscribe::bench
