#include "bench/study/corrections.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <span>

#include "bench/projection.h"
#include "bench/study/study_figures.h"
#include "bench/study/study_projection.h"
#include "bfp16/block.h"

namespace npuscribe::bench {
namespace {

constexpr double kJoulesPerWattHour = 3600;
constexpr Shape kLayerOfBase = {study::kState, 1, study::kFrames, 1};
constexpr double kPublishedOperations =
    31.3e12;  // bfp16 GEMM 3072×4096×1536 on Strix: mlir-aie, ml/block_datatypes
constexpr double kMemoryTiles = 8;

double sum(std::span<const study::Part> parts) {
    double total = 0;
    for (const auto& part : parts) total += part.milliseconds * part.count;
    return total;
}

// Operations of the six matmuls of a layer as the study counts them: each 512 × 512 × 512.
double counted_operations() {
    constexpr double n = study::kState;
    return study::kMatmulsPerLayer * 2 * n * n * n;
}

double audio_seconds() {
    return kLayerOfBase.audio_seconds();
}

Correction parts() {
    const double all = sum(study::kTrack2Parts);
    const double optimistic = sum(study::kTrack2PartsOptimistic);
    return {fmt::format("The parts of a layer add up to {:g} and {:g} ms, not to 15 and 12", all, optimistic),
            fmt::format(
                "The tables of Track 2's time list parts that sum to {:g} ms (conservative) and {:g} ms "
                "(optimistic) above totals of 15 and 12 ms \"without parallelization\"; all later figures "
                "rest on those totals.",
                all, optimistic),
            {{"a layer, conservative", study::kTrack2Layer, all, "ms"},
             {"a layer, optimistic", study::kTrack2LayerOptimistic, optimistic, "ms"}}};
}

Correction realtime() {
    const double track1 = study::kTrack1Layer * study::kLayers / 1e3;
    const double track2 = study::kTrack2Layer * study::kLayers / 1e3;
    return {
        "Two realtime factors for one encoder, and both for audio that it does not hear",
        fmt::format(
            "Track 1's encoder is 0.18× realtime in the summary and 2.16× in the text: 30 s / {:.1f} s is "
            "{:.2f}. But {} frames of 20 ms are {:.2f} s of audio, not 30: it is {:.2f}×, and Track 2's "
            "333× is {:.0f}×.",
            track1, study::kAudioSeconds / track1, study::kFrames, audio_seconds(), audio_seconds() / track1,
            audio_seconds() / track2),
        {{"Track 1, summary", study::kTrack1Realtime, audio_seconds() / track1, "x realtime"},
         {"Track 1, text", study::kTrack1RealtimeAgain, audio_seconds() / track1, "x realtime"},
         {"Track 2, conservative", study::kTrack2Realtime, audio_seconds() / track2, "x realtime"}}};
}

Correction matmul_sizes() {
    const double counted = counted_operations() / 1e9;
    const double true_count = matmul_operations(kLayerOfBase) / 1e9;
    return {
        "FC1 and FC2 are four times the 512 × 512 that all six matmuls are counted as",
        fmt::format(
            "Four of a layer's matmuls have weights of 512 × 512, the MLP's two of 2048 × 512. A layer is "
            "{:.2f} GFLOP, twice the {:.2f} that six equal ones would be.",
            true_count, counted),
        {{"the six matmuls of a layer", counted, true_count, "GFLOP"}}};
}

Correction bytes_moved() {
    const Traffic track1 = study::track1_traffic(kLayerOfBase);
    const Traffic track2 = study::track2_traffic(kLayerOfBase);
    return {"The bytes moved leave out the weights and the MLP's inner activations",
            fmt::format(
                "Six 512 × 512 operands each way are counted. With FC1 giving and FC2 taking rows of 2048, "
                "Track 2 moves {:.2f} MB a layer if the weights stay on the NPU and {:.2f} MB if they do "
                "not; Track 1 {:.2f} and {:.2f} MB.",
                track2.resident() / 1e6, track2.not_resident() / 1e6, track1.resident() / 1e6,
                track1.not_resident() / 1e6),
            {{"Track 2, a layer, weights resident", study::kTrack2BytesMoved / 1e6, track2.resident() / 1e6,
              "MB"},
             {"Track 2, a layer, weights moved", study::kTrack2BytesMoved / 1e6, track2.not_resident() / 1e6,
              "MB"},
             {"Track 1, a layer, weights resident", study::kTrack1BytesAtNpu / 1e6, track1.resident() / 1e6,
              "MB"},
             {"Track 1, a layer, weights moved", study::kTrack1BytesAtNpu / 1e6, track1.not_resident() / 1e6,
              "MB"}}};
}

Correction batches() {
    const auto& last = study::kBatches.back();
    const double seconds = last.milliseconds * study::kLayers / 1e3;
    const double encodes = static_cast<double>(last.windows) / seconds;
    return {
        "The batch table takes a layer's 15 ms for an encoder's",
        fmt::format(
            "\"15 ms per encoder\" is a layer; six take 90. Eight windows are {:g} ms by its own figures, so "
            "69 encodes/s are {:.1f}, and 2,070 s of audio a second {:.0f} (for 30 s windows; for the "
            "{:.2f} s that 512 frames hold, {:.0f}).",
            seconds * 1e3, encodes, encodes * study::kAudioSeconds, audio_seconds(),
            encodes * audio_seconds()),
        {{"8 windows", last.milliseconds, seconds * 1e3, "ms"},
         {"throughput", study::kBatchEncodesPerSecond, encodes, "encodes/s"},
         {"audio, 30 s windows", study::kBatchAudioPerSecond, encodes * study::kAudioSeconds, "s/s"}}};
}

Correction energy_units() {
    const auto encoder = [](double total) {
        return joules(study::kTrack1Npu / 1e3, total / 1e3, study::kActiveWatts, study::kIdleWatts) *
               study::kLayers;
    };
    const double active = study::kTrack1Npu / 1e3 * study::kActiveWatts;
    const double track1 = encoder(study::kTrack1Layer);
    const double track2 = encoder(study::kTrack2Layer);
    const auto battery = [](double joules) {
        return study::kBatteryWattHours * kJoulesPerWattHour / joules * study::kAudioSeconds;
    };
    return {
        "Joules are called watt-hours: the energies are 3,600 times too high",
        fmt::format(
            "11 ms × 10 W is {:.2f} J, or {:.1e} Wh, not 0.11 Wh. An encoder takes {:.1f} J (Track 1) and "
            "{:.2f} J (Track 2), so that by its own powers the NPU alone would empty 56 Wh after {:.0f} and "
            "{:.0f} hours of audio, not 1.9 and 41 minutes. What the rest of the machine draws decides.",
            active, active / kJoulesPerWattHour, track1, track2, battery(track1) / 3600,
            battery(track2) / 3600),
        {{"NPU, a layer, active", study::kActiveWattHours, active / kJoulesPerWattHour, "Wh"},
         {"Track 1, an encoder", study::kTrack1EncoderWattHours, track1 / kJoulesPerWattHour, "Wh"},
         {"Track 2, an encoder", study::kTrack2EncoderWattHours, track2 / kJoulesPerWattHour, "Wh"},
         {"Track 1, audio a charge", study::kTrack1BatterySeconds / 60, battery(track1) / 60, "minutes"},
         {"Track 2, audio a charge", study::kTrack2BatterySeconds / 60, battery(track2) / 60, "minutes"}}};
}

Correction size_of_bfp16() {
    const double against_int32 = 4 / study::kBfp16Bytes;
    return {
        "BFP16 is 3.6 times smaller than INT32; 1.125 is its size against INT8",
        fmt::format(
            "Nine bytes hold eight values. INT32 takes 32 bytes for them ({:.2f} times as many), INT8 eight: "
            "against INT8, BFP16 is {:.3f} times larger.",
            against_int32, study::kBfp16Bytes),
        {{"INT32 by BFP16", study::kSmallerThanInt32, against_int32, "x"}}};
}

Correction no_pcie() {
    const double bytes = study::kFrames * study::kState * study::kBfp16Bytes;
    const double milliseconds = bytes / study::kPcieBytesPerSecond * 1e3;
    return {
        "The NPU is part of the processor: there is no PCIe transfer",
        fmt::format(
            "It reads the same DRAM as the CPU. Its buffers are host memory, and \"transfer\" is cache "
            "maintenance. Even at the 8 GB/s assumed for PCIe, a 512 × 512 matrix takes {:.3f} ms, not the 2 "
            "ms that are then booked for it.",
            milliseconds),
        {{"a 512 x 512 matrix at 8 GB/s", study::kTransferMilliseconds, milliseconds, "ms"}}};
}

Correction memory_tiles() {
    return {"The array has 512 KB of L2 for each of eight memory tiles",
            "512 KB \"shared among all tiles\" is one memory tile; the array has eight.",
            {{"L2 of the array", study::kL2 / 1024, kMemoryTiles * study::kL2 / 1024, "KiB"}}};
}

Correction efficiency() {
    const double rate = matmul_operations(kLayerOfBase) / (study::kTrack1Npu / 1e3);
    return {"0.29 % of peak is not normal",
            fmt::format(
                "Its 11 ms for the six matmuls are {:.2f} % of 50 TOPS with FC1 and FC2 counted in full. "
                "Published bfp16 GEMMs of larger shapes reach 31.3 TFLOP/s on this array, {:.0f} % of it: a "
                "layer's matmuls at that rate take {:.2f} ms. 11 ms are dispatch and transfers, not "
                "arithmetic.",
                rate / study::kPeakOperations * 100, kPublishedOperations / study::kPeakOperations * 100,
                matmul_operations(kLayerOfBase) / kPublishedOperations * 1e3),
            {{"efficiency", study::kEfficiency * 100, rate / study::kPeakOperations * 100, "%"}}};
}

// |a − b| / |a| of two vectors of one length and of this cosine.
double relative_error(double cosine) {
    return std::sqrt(2 * (1 - cosine));
}

Correction accuracy() {
    return {"99.99 % is a cosine, not one minus a relative error",
            fmt::format("Vectors of one length whose cosine is 0.9999 are {:.1f} % apart (relative L2), at "
                        "0.99 {:.1f} %. And 0.01 % is a hundredth of 1 %, not a tenth.",
                        relative_error(study::kTrack2Accuracy) * 100,
                        relative_error(study::kTrack1Accuracy) * 100),
            {{"Track 2, relative error", (1 - study::kTrack2Accuracy) * 100,
              relative_error(study::kTrack2Accuracy) * 100, "%"},
             {"Track 1, relative error", (1 - study::kTrack1Accuracy) * 100,
              relative_error(study::kTrack1Accuracy) * 100, "%"},
             {"Track 1's error by Track 2's", study::kErrorRatio,
              (1 - study::kTrack1Accuracy) / (1 - study::kTrack2Accuracy), "x"}}};
}

Correction dropped_exponents() {
    constexpr float kSmall = 0x1p-10F;
    std::array<float, bfp16::kBlockSize> large{}, small{};
    large.fill(1.0F);
    small.fill(kSmall);
    std::array<uint8_t, bfp16::kBlockBytes> large_block{}, small_block{};
    bfp16::quantise_block(large.data(), large_block.data(), bfp16::Rounding::nearest_even);
    bfp16::quantise_block(small.data(), small_block.data(), bfp16::Rounding::nearest_even);
    const auto as_int8 = [](const auto& block) { return static_cast<double>(static_cast<int8_t>(block[1])); };
    const double ratio = as_int8(large_block) / as_int8(small_block);
    return {
        "Track 1's converter drops the exponents",
        fmt::format(
            "It copies the mantissas of every block and leaves their exponents behind: a block of 1 and one "
            "of 1/1024 become the same integers ({:g} and {:g}). --precision int8-tensor, which stands for "
            "Track 1 here, brings them to one exponent first.",
            as_int8(large_block), as_int8(small_block)),
        {{"1 by 1/1024, as converted", ratio, 1 / static_cast<double>(kSmall), "x"}}};
}

Correction width() {
    constexpr Shape large = {1280, 32, study::kFrames, 1};
    constexpr Shape base = {study::kState, study::kLayers, study::kFrames, 1};
    const double said = study::scale(study::kTrack2Layer * study::kLayers, large.layers, large.frames);
    const double factor = matmul_operations(large) / matmul_operations(base);
    const double correct = study::kTrack2Layer * study::kLayers * factor;
    return {"Small, medium and large are wider, not only deeper",
            fmt::format(
                "A layer is taken to cost 15 ms in every model. Matmuls grow with the square of the width: "
                "large's encoder does {:.1f} times base's, so by the same rate it takes {:.0f} ms, not {:g}.",
                factor, correct, said),
            {{"large, 512 frames", said, correct, "ms"}}};
}

Correction attention_growth() {
    constexpr size_t kLong = 3000;
    constexpr Shape brief = {study::kState, 1, study::kFrames, 1};
    constexpr Shape extended = {study::kState, 1, kLong, 1};
    const double said = static_cast<double>(kLong) / static_cast<double>(study::kFrames);
    const double attention = attention_operations(extended) / attention_operations(brief);
    return {
        "Attention grows with the square of the frames",
        fmt::format(
            "From 512 to 3,000 frames everything is multiplied by {:.2f}. Attention's two products, which "
            "its breakdown has no line for, grow {:.0f} times: {:.1f} GFLOP a layer beside {:.1f} of the "
            "six matmuls.",
            said, attention, attention_operations(extended) / 1e9, matmul_operations(extended) / 1e9),
        {{"attention, 3000 frames by 512", said, attention, "x"}}};
}

Correction comparisons() {
    const double faster = study::kRadeon.layer_milliseconds / study::kTrack2Layer;
    const double xdna1 = study::kPeakOperations / 1e12 / study::kXdna1Tops;
    return {
        "The comparison with the GPU is upside down, and tiles are counted twice",
        fmt::format(
            "90 ms against the GPU's 300 is {:.1f} times as fast; it says 0.30× and \"slower\". XDNA1's 10 "
            "TOPS already are those of its 20 tiles: {:g} times less than 50, not 6.",
            faster, xdna1),
        {{"Track 2 by the GPU", study::kTrack2Layer / study::kRadeon.layer_milliseconds, faster, "x as fast"},
         {"XDNA2 by XDNA1", study::kXdna1Slower, xdna1, "x"}}};
}

}  // namespace

std::vector<Correction> corrections() {
    return {parts(),        realtime(),          matmul_sizes(), bytes_moved(),      batches(),
            energy_units(), size_of_bfp16(),     no_pcie(),      memory_tiles(),     efficiency(),
            accuracy(),     dropped_exponents(), width(),        attention_growth(), comparisons()};
}

Result corrections_result(bool brief) {
    Result result;
    result.name = "what the study got wrong";
    Table table{
        "Its numbers, and what follows from them", {{"", ""}, {"said", ""}, {"is", ""}, {"", ""}}, {}};
    for (const Correction& correction : corrections()) {
        result.notes.push_back(brief ? correction.title : correction.title + ". " + correction.text);
        for (const CorrectedNumber& n : correction.numbers)
            table.rows.push_back({{n.name, n.said, n.correct, n.unit}, Origin::computed});
    }
    if (!brief) result.tables.push_back(std::move(table));
    return result;
}

}  // namespace npuscribe::bench
