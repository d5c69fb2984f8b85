#include "bench/project.h"

#include <spdlog/fmt/fmt.h>

#include <array>
#include <map>
#include <optional>

#include "base/error.h"
#include "bench/array_projection.h"
#include "bench/cpu_projection.h"
#include "bench/study/study_figures.h"
#include "device/cpu/cpu_info.h"
#include "model/catalog.h"

namespace npuscribe::bench {
namespace {

constexpr std::array<size_t, 4> kBatches = {1, 2, 4, 8};

struct Size {
    std::string model;
    Shape shape;  // batch 1
};

/// One way to encode, for one size.
struct Estimate {
    std::string name;
    Origin origin = Origin::stated;
    double seconds = 0;
    std::optional<Traffic> traffic;
    std::optional<double> dram_bytes;
    std::optional<double> buffers;
    std::optional<double> joules;
};

Cell cell(const std::optional<double>& value, double unit = 1) {
    return value ? Cell(*value / unit) : Cell();
}

// The study's own scaling, of all its figures.
double scaled(double at_base, const Shape& shape) {
    return study::scale(at_base, shape.layers, shape.frames);
}

double study_joules(double layer_milliseconds, const Shape& shape) {
    return scaled(
        joules(study::kTrack1Npu / 1e3, layer_milliseconds / 1e3, study::kActiveWatts, study::kIdleWatts) *
            study::kLayers,
        shape);
}

Estimate study_track(std::string name, double layer_milliseconds, double bytes, double buffers,
                     const Shape& shape) {
    Estimate e{std::move(name),
               Origin::stated,
               scaled(layer_milliseconds * study::kLayers / 1e3, shape),
               {},
               {},
               {},
               study_joules(layer_milliseconds, shape)};
    e.traffic = Traffic{scaled(bytes * study::kLayers, shape), 0, 0};
    // It gives the buffers of one matmul of base at 512 frames, and does not scale them.
    if (shape.state == study::kState && shape.frames == study::kFrames) e.buffers = buffers;
    return e;
}

class Projection {
  public:
    Projection(const ProjectOptions& options, ThreadPool& pool,
               std::function<void(const std::string&)> progress)
        : options_(options), pool_(pool), progress_(std::move(progress)) {}

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
            Table batch = batches_table(model);
            for (const size_t frames : options_.frames) {
                const Size size{model, {d.n_audio_state, d.n_audio_layer, frames, 1}};
                add_size(size, table, batch);
            }
            result.tables.push_back(std::move(table));
            batches.push_back(std::move(batch));
        }
        for (Table& batch : batches) result.tables.push_back(std::move(batch));
        result.tables.push_back(alternatives());
        add_notes(result);
        return result;
    }

  private:
    Table estimates_table(const std::string& title) const {
        return {title,
                {{"layers of one window", ""},
                 {"frames", ""},
                 {"time", "ms"},
                 {"realtime", "x"},
                 {"moved", "MB"},
                 {"with weights", "MB"},
                 {"DRAM", "MB"},
                 {"buffers", "MB"},
                 {"energy", "J"},
                 {"battery", "h"}},
                {}};
    }

    static Table batches_table(const std::string& model) {
        Table table{model + ": batches", {{"layers of a batch", ""}, {"frames", ""}}, {}};
        for (const size_t batch : kBatches)
            table.columns.push_back({fmt::format("{} {}", batch, batch == 1 ? "window" : "windows"), "ms"});
        table.columns.push_back({"encodes of 8", "/s"});
        table.columns.push_back({"audio of 8", "s/s"});
        return table;
    }

    void add(const Estimate& e, const Shape& shape, Table& table) const {
        const double audio = shape.audio_seconds();
        Cell battery;
        if (e.joules) {
            const double rest = study::kSystemIdleWatts * e.seconds;
            battery = energy(*e.joules + rest, audio, options_.battery_watt_hours).battery_hours;
        }
        const auto moved = e.traffic ? std::optional(e.traffic->resident()) : std::nullopt;
        const auto with_weights =
            e.traffic && e.traffic->weights > 0 ? std::optional(e.traffic->not_resident()) : std::nullopt;
        table.rows.push_back({{e.name, static_cast<double>(shape.frames), e.seconds * 1e3, audio / e.seconds,
                               cell(moved, 1e6), cell(with_weights, 1e6), cell(e.dram_bytes, 1e6),
                               cell(e.buffers, 1e6), cell(e.joules), battery},
                              e.origin});
    }

    /// `times`: seconds for 1, 2, 4 and 8 windows.
    static void add_batch(const std::string& name, Origin origin, const std::array<double, 4>& times,
                          const Shape& shape, Table& table) {
        const double encodes = static_cast<double>(kBatches.back()) / times.back();
        std::vector<Cell> cells = {name, static_cast<double>(shape.frames)};
        for (const double seconds : times) cells.emplace_back(seconds * 1e3);
        cells.emplace_back(encodes);
        cells.emplace_back(encodes * shape.audio_seconds());
        table.rows.push_back({std::move(cells), origin});
    }

    void add_size(const Size& size, Table& table, Table& batch) {
        const Shape& shape = size.shape;
        add(study_track("Track 1, study", study::kTrack1Layer, study::kTrack1BytesMoved,
                        study::kTrack1Buffers, shape),
            shape, table);
        add(study_track("Track 2, study, 15 ms a layer", study::kTrack2Layer, study::kTrack2BytesMoved,
                        study::kTrack2Buffers, shape),
            shape, table);
        add(study_track("Track 2, study, 12 ms a layer", study::kTrack2LayerOptimistic,
                        study::kTrack2BytesMoved, study::kTrack2Buffers, shape),
            shape, table);
        if (shape.state == study::kState && shape.frames == study::kFrames) study_batches(shape, batch);

        const auto track1 = options_.measure ? measure(size, Precision::int8_tensor) : std::nullopt;
        const auto track2 = options_.measure ? measure(size, Precision::bfp16) : std::nullopt;
        add_array("Track 1", array::Kernel::int8, track1, shape, table, batch);
        add_array("Track 2", array::Kernel::bfp16, track2, shape, table, batch);
        add_cpu("Track 1, this CPU, int8-tensor", track1, shape, table, batch);
        add_cpu("Track 2, this CPU, bfp16", track2, shape, table, batch);
        if (size.model == "base" && shape.frames == study::kFrames) remember(shape, track1, track2);
    }

    static void study_batches(const Shape& shape, Table& batch) {
        std::array<double, 4> stated{}, encoders{};
        for (size_t i = 0; i < stated.size(); ++i) {
            stated[i] = study::kBatches[i].milliseconds / 1e3;
            encoders[i] = stated[i] * study::kLayers;
        }
        add_batch("Track 2, study: a layer taken for an encoder", Origin::stated, stated, shape, batch);
        add_batch("Track 2, study, six layers", Origin::stated, encoders, shape, batch);
    }

    // The matmuls by the model alone, then with what an NPU leaves to the CPU.
    void add_array(const std::string& track, array::Kernel kernel, const std::optional<CpuProjection>& cpu,
                   const Shape& shape, Table& table, Table& batch) const {
        const ArrayProjection one = project_array(kernel, shape);
        const auto estimate = [&](std::string name, double host) {
            const double seconds = one.seconds + host;
            return Estimate{track + std::move(name),
                            Origin::modelled,
                            seconds,
                            one.traffic,
                            one.dram_bytes,
                            one.buffers,
                            joules(one.seconds, seconds, study::kActiveWatts, study::kIdleWatts)};
        };
        const auto times = [&](double host) {
            std::array<double, 4> out{};
            for (size_t i = 0; i < out.size(); ++i) {
                Shape several = shape;
                several.batch = kBatches[i];
                out[i] = project_array(kernel, several).seconds + static_cast<double>(kBatches[i]) * host;
            }
            return out;
        };
        add(estimate(", array's matmuls", 0), shape, table);
        add_batch(track + ", array's matmuls", Origin::modelled, times(0), shape, batch);
        if (!cpu) return;
        add(estimate(", array and this CPU's part", cpu->host_seconds), shape, table);
        add_batch(track + ", array and this CPU's part", Origin::modelled, times(cpu->host_seconds), shape,
                  batch);
    }

    void add_cpu(const std::string& name, const std::optional<CpuProjection>& cpu, const Shape& shape,
                 Table& table, Table& batch) const {
        if (!cpu) return;
        add({name, Origin::measured, cpu->seconds, {}, {}, {}, cpu->joules}, shape, table);
        std::array<double, 4> times{};
        for (size_t i = 0; i < times.size(); ++i) times[i] = static_cast<double>(kBatches[i]) * cpu->seconds;
        add_batch(name, Origin::measured, times, shape, batch);
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

    void remember(const Shape& shape, const std::optional<CpuProjection>& track1,
                  const std::optional<CpuProjection>& track2) {
        const ArrayProjection array = project_array(array::Kernel::bfp16, shape);
        compared_.push_back({"Track 2, array's matmuls", Origin::modelled, array.seconds, {}, {}, {}, {}});
        if (track2) {
            compared_.push_back({"Track 2, array and this CPU's part",
                                 Origin::modelled,
                                 array.seconds + track2->host_seconds,
                                 {},
                                 {},
                                 {},
                                 {}});
            compared_.push_back({"this CPU, bfp16", Origin::measured, track2->seconds, {}, {}, {}, {}});
        }
        if (track1)
            compared_.push_back({"this CPU, int8-tensor", Origin::measured, track1->seconds, {}, {}, {}, {}});
    }

    Table alternatives() const {
        constexpr Shape base = {study::kState, study::kLayers, study::kFrames, 1};
        Table table{"base at 512 frames, beside what the study names",
                    {{"", ""}, {"a layer", "ms"}, {"six layers", "ms"}, {"realtime", "x"}},
                    {}};
        const auto row = [&](const std::string& name, double seconds, Origin origin) {
            table.rows.push_back(
                {{name, seconds / study::kLayers * 1e3, seconds * 1e3, base.audio_seconds() / seconds},
                 origin});
        };
        for (const auto& other : study::kAlternatives)
            row(std::string(other.name), other.layer_milliseconds * study::kLayers / 1e3, Origin::stated);
        row("Track 1", study::kTrack1Layer * study::kLayers / 1e3, Origin::stated);
        row("Track 2, conservative", study::kTrack2Layer * study::kLayers / 1e3, Origin::stated);
        row("Track 2, optimistic", study::kTrack2LayerOptimistic * study::kLayers / 1e3, Origin::stated);
        for (const Estimate& e : compared_) row(e.name, e.seconds, e.origin);
        return table;
    }

    void add_notes(Result& result) const {
        result.notes = {
            "Times are of the encoder's layers alone. Realtime factors take 20 ms of audio a frame: 10.24 s "
            "for 512.",
            "Moved: operands and results between host and NPU, and with weights, where these do not stay "
            "there. DRAM: what "
            "the array itself reads and writes, operands again for each group of tiles.",
            "\"study\" scales the study's figures of base at 512 frames as it does, by layers and by frames.",
            "\"modelled\" is the array's six matmuls a layer, by assumptions that no one here could check on "
            "an NPU: ",
            "\"this CPU's part\" is attention, norms and quantisation, measured here and added to the "
            "model's time.",
            "\"measured\" is one layer with generated weights on the cpu device, times the layers; its "
            "batches are "
            "windows one after the other.",
            fmt::format("Energy is the NPU's alone, at the study's {:g} W at work and {:g} W idle, or what "
                        "RAPL tells of "
                        "the CPU (where it tells nothing: –). The battery's hours are of audio, with {:g} W "
                        "for the rest "
                        "of the machine.",
                        study::kActiveWatts, study::kIdleWatts, study::kSystemIdleWatts)};
        const auto assumptions = array::Assumptions().describe();
        result.notes[3] += fmt::format("{}.", fmt::join(assumptions, "; "));
        for (const auto& [precision, why] : unmeasured_)
            result.notes.push_back(fmt::format("Not measured in {}: {}.", npuscribe::name(precision), why));
    }

    const ProjectOptions& options_;
    ThreadPool& pool_;
    std::function<void(const std::string&)> progress_;
    std::vector<Estimate> compared_;  // base at 512 frames
    std::map<Precision, std::string> unmeasured_;
};

}  // namespace

Result project(const ProjectOptions& options, ThreadPool& pool,
               const std::function<void(const std::string&)>& progress) {
    return Projection(options, pool, progress).run();
}

}  // namespace npuscribe::bench
