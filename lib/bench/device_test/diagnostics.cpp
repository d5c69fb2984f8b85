// The file for a bug report.

#include <fmt/format.h>
#include <sys/utsname.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "bench/device_test/device_test.h"
#include "device/array/array_plan_json.h"
#include "device/cpu/cpu_info.h"
#include "device/npu/npu_device.h"
#include "device/npu/npu_probe.h"
#include "device/npu/npu_programs.h"
#include "simd/isa.h"

namespace npuscribe::device_test {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kFormat = 1;
constexpr size_t kLargestInstructions = size_t{1} << 20;  // bytes of a stream that are kept
constexpr size_t kRows = 16, kCols = 16;                  // of operands
constexpr size_t kResultRows = 64, kResultCols = 64;

std::string base64(std::span<const uint8_t> bytes) {
    constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    out.reserve((bytes.size() + 2) / 3 * 4);
    for (size_t i = 0; i < bytes.size(); i += 3) {
        const size_t count = std::min<size_t>(3, bytes.size() - i);
        uint32_t bits = 0;
        for (size_t j = 0; j < 3; ++j) bits = bits << 8 | (j < count ? bytes[i + j] : 0U);
        for (size_t j = 0; j < 4; ++j) out += j <= count ? kDigits[bits >> (18 - 6 * j) & 0x3FU] : '=';
    }
    return out;
}

/// Part of a matrix. JSON has no NaN, so values are bits.
Json matrix_part(MatrixView<const float> all, size_t first_row, size_t rows, size_t first_col, size_t cols) {
    first_row = std::min(first_row, all.rows);
    first_col = std::min(first_col, all.cols);
    rows = std::min(rows, all.rows - first_row);
    cols = std::min(cols, all.cols - first_col);
    std::vector<uint8_t> bytes(rows * cols * sizeof(float));
    for (size_t r = 0; r < rows; ++r)
        std::memcpy(bytes.data() + r * cols * sizeof(float), all.row(first_row + r) + first_col,
                    cols * sizeof(float));
    return {{"of", {all.rows, all.cols}},
            {"first_row", first_row},
            {"first_col", first_col},
            {"rows", rows},
            {"cols", cols},
            {"f32_little_endian_base64", base64(bytes)}};
}

Json cpu_part() {
    Json part = {
        {"cpu", cpu_name()}, {"instructions", simd::name(simd::isa())}, {"onednn", onednn_version()}};
    utsname names{};
    if (uname(&names) == 0)  // not its nodename, which is the host's
        part["kernel"] =
            fmt::format("{} {} {} {}", names.sysname, names.release, names.version, names.machine);
    return part;
}

Json findings(const std::vector<NpuFinding>& list) {
    Json out = Json::array();
    for (const NpuFinding& finding : list) out.push_back(finding.text);
    return out;
}

Json npu_part(const NpuStatus& status) {
    Json devices = Json::array(), on_bus = Json::array();
    for (const NpuHardware& npu : status.devices) {
        devices.push_back({{"name", npu.name},
                           {"id", npu.id},
                           {"address", npu.address},
                           {"driver", npu.driver},
                           {"firmware", npu.firmware},
                           {"power_mode", npu.power_mode},
                           {"unsuitable", npu.unsuitable}});
    }
    for (const PciNpu& npu : status.on_bus) on_bus.push_back(describe(npu));
    Json part = {{"xrt", status.xrt_version},
                 {"devices", devices},
                 {"on_pci_bus", on_bus},
                 {"problems", findings(status.problems)},
                 {"warnings", findings(status.warnings)}};
    Json programs = Json::array();
    const NpuPrograms installed(xclbin_directory());
    for (const NpuProgram& program : installed.all()) {
        programs.push_back({{"name", program.name},
                            {"xclbin_sha256", program.sha256},
                            {"tile", {program.tile_m, program.tile_k, program.tile_n}},
                            {"shapes", program.shapes.size()}});
    }
    part["programs"] = programs;
    return part;
}

/// The stream that the product ran with.
Json instructions_of(const Product& product) {
    const array::Plan& plan = array::Plan::built_in();
    const array::Program& planned = plan.program_for(array::Kernel::bfp16, product.k());
    const array::Gemm gemm =
        plan.gemm(planned, product.m(), product.k(), product.n(),
                  product.sums == Sums::bf16 ? array::Result::bf16 : array::Result::sums);
    Json part = {{"program", planned.name},
                 {"m", gemm.m},
                 {"k", gemm.k},
                 {"n", gemm.n},
                 {"result", array::name(gemm.result)}};
    const NpuPrograms programs(xclbin_directory());
    const NpuProgram* installed = programs.find(planned.name);
    const NpuShape* shape =
        installed != nullptr ? installed->find(gemm.m, gemm.k, gemm.n, gemm.result) : nullptr;
    if (shape == nullptr) return part;
    part["file"] = shape->instructions.filename().string();
    part["sha256"] = shape->sha256;
    try {
        const auto bytes = read_verified(shape->instructions, shape->sha256);
        part["bytes"] = bytes.size();
        part["base64"] = base64(std::span(bytes).first(std::min(bytes.size(), kLargestInstructions)));
    } catch (const DeviceError& error) {
        part["problem"] = error.what();
    }
    return part;
}

Json failure_part(const Failure& failure, bool on_npu) {
    Json part = {{"step", name(failure.step)},
                 {"symptom", name(failure.symptom)},
                 {"what", failure.what},
                 {"means", failure.meaning},
                 {"try", failure.attempts}};
    if (failure.symptom == Symptom::wrong) {
        part["pattern"] = name(failure.finding.pattern);
        if (failure.finding.pattern == Pattern::partial_sum) part["k_tiles"] = failure.finding.k_tiles;
    }
    const Evidence& evidence = failure.evidence;
    const size_t row = evidence.difference.first_row, col = evidence.difference.first_col;
    if (!evidence.expected.values.empty()) {
        part["expected"] = matrix_part(evidence.expected.view(), row, kResultRows, col, kResultCols);
        part["got"] = matrix_part(evidence.got.view(), row, kResultRows, col, kResultCols);
        part["wrong_values"] = evidence.difference.count;
        part["largest_difference"] = evidence.difference.largest;
        part["wrong_by_tile"] = evidence.wrong_by_tile;
    }
    if (evidence.product) {
        const Product& product = *evidence.product;
        part["product"] = {
            {"m", product.m()},
            {"k", product.k()},
            {"n", product.n()},
            {"data", name(product.data)},
            {"seed", product.seed},
            {"x", matrix_part(product.x.view(), row, kRows, 0, product.k())},
            {"w", matrix_part(product.w.view(), col, kCols, 0, product.k())},
            {"bias", matrix_part({product.bias.data(), 1, product.n()}, 0, 1, 0, product.n())}};
        if (on_npu) part["instructions"] = instructions_of(product);
    }
    return part;
}

/// `text` without the names of home directories, which tell who somebody is.
std::string without_homes(std::string text) {
    const auto replace_from = [&](size_t at, size_t length) { text.replace(at, length, "~"); };
    if (const char* home = std::getenv("HOME"); home != nullptr && std::strlen(home) > 1) {
        for (size_t at = text.find(home); at != std::string::npos; at = text.find(home, at))
            replace_from(at, std::strlen(home));
    }
    constexpr std::string_view kHomes = "/home/";
    for (size_t at = text.find(kHomes); at != std::string::npos; at = text.find(kHomes, at)) {
        const size_t end = text.find_first_of("/ :;,'\"", at + kHomes.size());
        replace_from(at, std::min(end, text.size()) - at);
    }
    return text;
}

void scrub(Json& json) {
    if (json.is_string()) {
        json = without_homes(json.get<std::string>());
    } else if (json.is_structured()) {
        for (auto& part : json) scrub(part);
    }
}

}  // namespace

std::string diagnostics(const Report& report, const std::string& npuscribe_version) {
    const bool on_npu = report.device.name == "npu";
    Json json = {{"format", kFormat}, {"what", "npuscribe device test"}, {"npuscribe", npuscribe_version}};
    json["host"] = cpu_part();
    json["device"] = {{"name", report.device.name},
                      {"description", report.device.description},
                      {"numerics", report.device.numerics}};
    if (report.npu) json["npu"] = npu_part(*report.npu);
    json["model"] = report.model;
    json["passed"] = report.passed();
    json["steps"] = Json::array();
    for (const StepResult& step : report.steps) {
        json["steps"].push_back({{"name", name(step.step)},
                                 {"scope", step.scope},
                                 {"passed", step.passed},
                                 {"seconds", step.seconds},
                                 {"matmuls", step.matmuls}});
    }
    if (report.failure) json["failure"] = failure_part(*report.failure, on_npu);
    json["shapes"] = Json::array();
    for (const Shape& shape : report.shapes) json["shapes"].push_back({{"k", shape.k}, {"n", shape.n}});
    json["plan"] = Json::parse(array::kPlanJson);
    scrub(json);
    return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace npuscribe::device_test
