#pragma once
// Options that choose a device and how it computes.

#include <CLI/CLI.hpp>
#include <string>

#include "device/device.h"

namespace npuscribe::app {

/// --device, --precision and --threads, bound to variables that must outlive the command.
void add_device_options(CLI::App& command, std::string& device, Precision& precision, size_t& threads);

/// Takes the name of a device, or auto.
CLI::Validator device_name();

CLI::Option* add_threads_option(CLI::App& command, size_t& threads);

}  // namespace npuscribe::app
