#include "device_options.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "base/thread_pool.h"
#include "device/choose.h"
#include "option.h"

namespace npuscribe::app {

CLI::Validator device_name() {
    return one_of({device_choices().begin(), device_choices().end()});
}

void add_device_options(CLI::App& command, std::string& device, Precision& precision, size_t& threads) {
    std::vector<std::pair<std::string, Precision>> values;
    for (const Precision each : precisions()) values.emplace_back(npuscribe::name(each), each);
    option(
        command, "--device", "DEVICE", device, device_name(),
        fmt::format("Run the encoder on this device: {}; auto takes the NPU if it can be used, else the CPU",
                    list_words(device_choices())));
    option(command, "--precision", "PRECISION", precision, values,
           fmt::format("Compute the encoder's matrix products in this precision: {}",
                       list_words(precision_names())));
    add_threads_option(command, threads);
}

CLI::Option* add_threads_option(CLI::App& command, size_t& threads) {
    // Threads beyond the CPUs wait for each other. A few more do little harm, but hundreds do.
    const size_t cpus = available_cpus();
    const size_t most = std::max<size_t>(16, 4 * cpus);
    return option(
        command, "-t,--threads", "N", threads,
        whole_number(0, static_cast<long long>(most))
            .description(fmt::format("a whole number from 0 to {}, because this process may use {} {}", most,
                                     cpus, cpus == 1 ? "CPU" : "CPUs")),
        "Use N CPU threads; 0: one for each CPU that this process may use, by its affinity and its "
        "control group's quota");
}

}  // namespace npuscribe::app
