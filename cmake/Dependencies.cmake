# Everything that is not ours, found once. Debian's package names are in scripts/setup.
find_package(PkgConfig REQUIRED)
find_package(dnnl REQUIRED CONFIG)
find_package(OpenMP REQUIRED COMPONENTS CXX) # oneDNN's own threads are OpenMP's: they are switched off per worker
find_package(Eigen3 REQUIRED NO_MODULE)
find_package(nlohmann_json REQUIRED)
find_package(CLI11 REQUIRED)
find_package(fmt REQUIRED) # the one that spdlog is built with
find_package(spdlog REQUIRED)
pkg_check_modules(hwy REQUIRED libhwy) # its headers: lib/simd/highway_targets.cpp is what it takes of the library
add_library(highway INTERFACE)
target_include_directories(highway SYSTEM INTERFACE ${hwy_INCLUDE_DIRS})
pkg_check_modules(sndfile REQUIRED IMPORTED_TARGET sndfile)
pkg_check_modules(soxr REQUIRED IMPORTED_TARGET soxr)
pkg_check_modules(utf8proc REQUIRED IMPORTED_TARGET libutf8proc)
find_package(ZLIB REQUIRED)
find_package(OpenSSL REQUIRED COMPONENTS Crypto) # SHA-256 of array programs and of models
pkg_check_modules(curl REQUIRED IMPORTED_TARGET libcurl>=7.85) # in a module of its own, loaded to fetch models
if(NPUSCRIBE_LIBAV)
  pkg_check_modules(libav IMPORTED_TARGET libavformat libavcodec libavutil libswresample)
endif()
