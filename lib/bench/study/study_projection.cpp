#include "bench/study/study_projection.h"

#include <array>
#include <string>
#include <utility>

#include "bench/study/study_figures.h"

namespace npuscribe::bench::study {
namespace {

/// What differs between its three estimates of a layer of base.
struct Track {
    const char* name;
    double milliseconds, bytes_moved, buffers;
};
constexpr std::array kTracks = {
    Track{"Track 1, study", kTrack1Layer, kTrack1BytesMoved, kTrack1Buffers},
    Track{"Track 2, study, 15 ms a layer", kTrack2Layer, kTrack2BytesMoved, kTrack2Buffers},
    Track{"Track 2, study, 12 ms a layer", kTrack2LayerOptimistic, kTrack2BytesMoved, kTrack2Buffers}};

bool is_base_at_512(const Shape& shape) {
    return shape.state == kState && shape.frames == kFrames;
}

Traffic traffic(const Shape& shape, double in_bytes, double out_bytes, double weight_bytes) {
    const double values = layer_activations(shape);
    return {values * in_bytes, values * out_bytes, layer_weights(shape) * weight_bytes};
}

}  // namespace

Traffic track2_traffic(const Shape& shape) {
    return traffic(shape, kBfp16Bytes, kBfp16Bytes, kBfp16Bytes);
}

Traffic track1_traffic(const Shape& shape) {
    return traffic(shape, 1, 4, 1);
}

std::vector<Estimate> estimates(const Shape& shape) {
    const auto scaled = [&](double at_base) { return scale(at_base, shape.layers, shape.frames); };
    std::vector<Estimate> out;
    for (const Track& track : kTracks) {
        Estimate e{track.name, Origin::stated, scaled(track.milliseconds * kLayers / 1e3)};
        e.traffic = Traffic{scaled(track.bytes_moved * kLayers), 0, 0};
        // It gives the buffers of one matmul of base at 512 frames, and does not scale them.
        if (is_base_at_512(shape)) e.buffers = track.buffers;
        e.joules =
            scaled(joules(kTrack1Npu / 1e3, track.milliseconds / 1e3, kActiveWatts, kIdleWatts) * kLayers);
        out.push_back(std::move(e));
    }
    return out;
}

std::vector<BatchEstimate> batch_estimates(const Shape& shape) {
    if (!is_base_at_512(shape)) return {};
    BatchEstimate stated{"Track 2, study: a layer taken for an encoder", Origin::stated, {}};
    BatchEstimate encoders{"Track 2, study, six layers", Origin::stated, {}};
    for (size_t i = 0; i < stated.seconds.size(); ++i) {
        stated.seconds[i] = kBatches[i].milliseconds / 1e3;
        encoders.seconds[i] = stated.seconds[i] * kLayers;
    }
    return {stated, encoders};
}

Table alternatives(const std::vector<Estimate>& ours) {
    constexpr Shape base = {kState, kLayers, kFrames, 1};
    Table table{"base at 512 frames, beside what the study names",
                {{"", ""}, {"a layer", "ms"}, {"six layers", "ms"}, {"realtime", "x"}},
                {}};
    const auto add = [&](const std::string& name, double seconds, Origin origin) {
        table.rows.push_back(
            {{name, seconds / kLayers * 1e3, seconds * 1e3, base.audio_seconds() / seconds}, origin});
    };
    for (const Alternative& other : kAlternatives)
        add(std::string(other.name), other.layer_milliseconds * kLayers / 1e3, Origin::stated);
    add("Track 1", kTrack1Layer * kLayers / 1e3, Origin::stated);
    add("Track 2, conservative", kTrack2Layer * kLayers / 1e3, Origin::stated);
    add("Track 2, optimistic", kTrack2LayerOptimistic * kLayers / 1e3, Origin::stated);
    for (const Estimate& e : ours) add(e.name, e.seconds, e.origin);
    return table;
}

}  // namespace npuscribe::bench::study
