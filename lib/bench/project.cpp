#include "bench/project.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>
#include <optional>
#include <tuple>

#include "base/error.h"
#include "bench/array_projection.h"
#include "bench/cpu_projection.h"
#include "bench/estimates.h"
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
        }
        for (Table& batch : batches) result.tables.push_back(std::move(batch));
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
        for (const auto& [track, kernel, cpu] :
             {std::tuple{"Track 1", array::Kernel::int8, int8}, {"Track 2", array::Kernel::bfp16, bfp16}}) {
            add(array_estimates(track, kernel, cpu, shape));
            add_batches(array_batches(track, kernel, cpu, shape));
        }
        for (const auto& [name, cpu] :
             {std::pair{"Track 1, this CPU, int8-tensor", int8}, {"Track 2, this CPU, bfp16", bfp16}}) {
            if (!cpu) continue;
            add({{name, Origin::measured, cpu->seconds, {}, {}, {}, cpu->joules}});
            add_batches({cpu_batches(name, *cpu)});
        }
        if (size.model == "base" && shape.frames == study::kFrames) remember(shape, int8, bfp16);
    }

    /// The array's matmuls alone, by its model; then with the work that an NPU leaves to the CPU.
    static std::vector<Estimate> array_estimates(const std::string& track, array::Kernel kernel,
                                                 const std::optional<CpuProjection>& cpu,
                                                 const Shape& shape) {
        const ArrayProjection array = project_array(kernel, shape);
        const auto estimate = [&](const char* what, double host) {
            const double seconds = array.seconds + host;
            return Estimate{track + what,
                            Origin::modelled,
                            seconds,
                            array.traffic,
                            array.dram_bytes,
                            array.buffers,
                            joules(array.seconds, seconds, study::kActiveWatts, study::kIdleWatts)};
        };
        std::vector<Estimate> out = {estimate(", array's matmuls", 0)};
        if (cpu) out.push_back(estimate(", array and this CPU's part", cpu->host_seconds));
        return out;
    }

    /// The same for batches.
    static std::vector<BatchEstimate> array_batches(const std::string& track, array::Kernel kernel,
                                                    const std::optional<CpuProjection>& cpu,
                                                    const Shape& shape) {
        const auto estimate = [&](const char* what, double host) {
            BatchEstimate e{track + what, Origin::modelled, {}};
            for (size_t i = 0; i < kBatches.size(); ++i) {
                Shape several = shape;
                several.batch = kBatches[i];
                e.seconds[i] =
                    project_array(kernel, several).seconds + static_cast<double>(kBatches[i]) * host;
            }
            return e;
        };
        std::vector<BatchEstimate> out = {estimate(", array's matmuls", 0)};
        if (cpu) out.push_back(estimate(", array and this CPU's part", cpu->host_seconds));
        return out;
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
                  const std::optional<CpuProjection>& bfp16) {
        const double array = project_array(array::Kernel::bfp16, shape).seconds;
        compared_.push_back({"Track 2, array's matmuls", Origin::modelled, array});
        if (bfp16) {
            compared_.push_back(
                {"Track 2, array and this CPU's part", Origin::modelled, array + bfp16->host_seconds});
            compared_.push_back({"this CPU, bfp16", Origin::measured, bfp16->seconds});
        }
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
            "\"modelled\": the array's six matmuls of a layer, under assumptions that could not be checked "
            "on an NPU: ",
            "\"this CPU's part\": attention, norms and quantisation, measured here and added to the model's "
            "time.",
            "\"measured\": one layer with generated weights on the cpu device, times the number of layers. "
            "Its batches are windows one after the other.",
            fmt::format("Energy is the NPU's alone, with the study's {:g} W at work and {:g} W idle, or the "
                        "CPU's by RAPL (–: RAPL is not available). The battery's hours are hours of audio, "
                        "with {:g} W for the rest of the machine.",
                        study::kActiveWatts, study::kIdleWatts, study::kSystemIdleWatts)};
        const auto assumptions = array::Assumptions().describe();
        result.notes[3] += fmt::format("{}.", fmt::join(assumptions, "; "));
        for (const auto& [precision, why] : unmeasured_)
            result.notes.push_back(fmt::format("Not measured in {}: {}.", npuscribe::name(precision), why));
    }

    const ProjectOptions& options_;
    ThreadPool& pool_;
    const Progress& progress_;
    const Battery battery_;
    std::vector<Estimate> compared_;  // base at 512 frames
    std::map<Precision, std::string> unmeasured_;
};

}  // namespace

Result project(const ProjectOptions& options, ThreadPool& pool, const Progress& progress) {
    return Projection(options, pool, progress).run();
}

}  // namespace npuscribe::bench
