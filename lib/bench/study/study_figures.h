#pragma once
// The figures of the study that the projections and the benchmarks' limits start from: "Phase 5 Track 2:
// Performance Analysis & Projections", 30 October 2025 (the repository Unicorn-Commander/Unicorn-Amanuensis,
// xdna2/PHASE5_TRACK2_PERFORMANCE_ANALYSIS.md). They are copied as they are, right or wrong;
// bench/study/corrections.h lists the wrong ones. No other file of the program holds a number of the study.
//
// Its two ways to run the encoder of Whisper base (6 layers, n_audio_state 512) at 512 frames on the NPU:
// Track 1: weights and activations in BFP16 go through an INT8 kernel, with conversions in Python before and
// after. Track 2: a BFP16 kernel, without conversions.

#include <array>
#include <cstddef>
#include <string_view>

namespace npuscribe::bench::study {

inline constexpr size_t kFrames = 512;
inline constexpr size_t kState = 512;
inline constexpr size_t kLayers = 6;
inline constexpr size_t kMatmulsPerLayer = 6;
inline constexpr double kAudioSeconds = 30;  // that it takes 512 frames for

/// A line of its tables of times: milliseconds each, and how often.
struct Part {
    std::string_view name;
    double milliseconds;
    double count;
};

// Track 1, milliseconds a layer, "measured".
inline constexpr double kTrack1Layer = 2317;
inline constexpr double kTrack1Conversions = 2240;  // both ways, in Python
inline constexpr double kTrack1Npu = 11;
inline constexpr double kTrack1Other = 66;
inline constexpr double kTrack1Realtime = 0.18;       // in its summary
inline constexpr double kTrack1RealtimeAgain = 2.16;  // further down, for the same encoder

// Track 2, milliseconds a layer, projected.
inline constexpr double kTrack2Layer = 15;            // "conservative"
inline constexpr double kTrack2LayerOptimistic = 12;  // "optimistic"
inline constexpr std::array kTrack2Parts = {Part{"quantisation", 1, 6},   Part{"shuffling", 1, 6},
                                            Part{"DMA to the NPU", 2, 6}, Part{"NPU", 11, 1},
                                            Part{"DMA from it", 2, 6},    Part{"unshuffling", 1, 6},
                                            Part{"dequantisation", 1, 6}, Part{"Python callback", 1, 1}};
inline constexpr std::array kTrack2PartsOptimistic = {
    Part{"quantisation", 0.5, 6},   Part{"shuffling", 0.5, 6},
    Part{"DMA to the NPU", 1, 6},   Part{"NPU", 11, 1},
    Part{"DMA from it", 1, 6},      Part{"unshuffling", 0.5, 6},
    Part{"dequantisation", 0.5, 6}, Part{"Python callback", 0.5, 1}};
inline constexpr double kTrack2Realtime = 333;  // 30 s in 90 ms

// prepare_for_npu of a 512 × 512 matrix, milliseconds, "measured".
inline constexpr double kFindExponents = 0.2, kQuantise = 0.3, kShuffle = 0.3, kPrepare = 0.8;

/// Milliseconds for a batch of "encoders".
struct Batch {
    size_t windows;
    double milliseconds;
};
inline constexpr std::array kBatches = {Batch{1, 15}, Batch{2, 29}, Batch{4, 58}, Batch{8, 116}};
inline constexpr double kBatchEncodesPerSecond = 69;
inline constexpr double kBatchAudioPerSecond = 2070;

// Memory, bytes.
inline constexpr double kTrack1Buffers = 2.60e6;
inline constexpr double kTrack2Buffers = 1.44e6;
inline constexpr double kTrack1BytesMoved = 11.41e6;  // a layer, the conversions' buffers included
inline constexpr double kTrack1BytesAtNpu = 7.87e6;   // of these, to and from the NPU
inline constexpr double kTrack2BytesMoved = 3.54e6;
inline constexpr double kL2 = 512 * 1024;  // "shared among all tiles"
inline constexpr double kPcieBytesPerSecond = 8e9;
inline constexpr double kTransferMilliseconds = 2;  // of a 512 × 512 matrix, "conservative"
inline constexpr double kSmallerThanInt32 = 1.125;

// Power and energy.
inline constexpr double kActiveWatts = 10;
inline constexpr double kIdleWatts = 1;
inline constexpr double kSystemIdleWatts = 10;
inline constexpr double kBatteryWattHours = 56;
inline constexpr double kActiveWattHours = 0.11;         // "11 ms × 10 W"
inline constexpr double kTrack1EncoderWattHours = 14.5;  // of one encoder
inline constexpr double kTrack2EncoderWattHours = 0.68;
inline constexpr double kTrack1BatterySeconds = 115;  // of audio a charge
inline constexpr double kTrack2BatterySeconds = 2470;

// The NPU.
inline constexpr double kPeakOperations = 50e12;
inline constexpr double kEfficiency = 0.0029;  // "normal"

// Accuracy, of a fraction of 1.
inline constexpr double kTrack1Accuracy = 0.99;
inline constexpr double kTrack2Accuracy = 0.9999;
inline constexpr double kErrorRatio = 10;  // "10× less error"

// What it compares with, milliseconds a layer.
struct Alternative {
    std::string_view name;
    double layer_milliseconds;
};
inline constexpr Alternative kPyTorch = {"PyTorch, 16 Zen 5 cores, fp32", 800};
inline constexpr Alternative kRadeon = {"Radeon 8060S, fp16", 50};
inline constexpr Alternative kXdna1 = {"XDNA1 NPU", 75};
inline constexpr Alternative kA100 = {"A100, fp16", 5};
inline constexpr std::array kAlternatives = {kPyTorch, kRadeon, kXdna1, kA100};
inline constexpr double kXdna1Tops = 10;
inline constexpr double kXdna1Slower = 6;  // "5× more TOPS + 1.6× more tiles"

// Its success criteria.
inline constexpr double kLayerP50 = 15, kLayerP95 = 20, kLayerP99 = 25;  // milliseconds
inline constexpr double kEncoderMean = 100;                              // milliseconds
inline constexpr double kEncodesPerSecond = 10;
inline constexpr double kRealtime = 20;
inline constexpr double kBytesPerSecond = 5e9;  // each way
inline constexpr double kAverageWatts = 15, kPeakWatts = 20;
inline constexpr std::array kBatchRatios = {2.2, 2.5, 2.5};  // 2, 4, 8 windows, each to the size before

/// How it scales a time of base at 512 frames to others: by layers and by frames, not by width.
constexpr double scale(double at_base, size_t layers, size_t frames) {
    return at_base * static_cast<double>(layers * frames) / static_cast<double>(kLayers * kFrames);
}

}  // namespace npuscribe::bench::study
