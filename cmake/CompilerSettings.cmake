# Flags that every target of this project shares, as an interface library: npuscribe_settings.
# No -march here: kernels for newer CPUs are compiled beside the baseline and chosen at run time.
find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # ccache caches a file that uses a precompiled header only with these settings.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${CCACHE_PROGRAM})
endif()

set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)

add_library(npuscribe_settings INTERFACE)
target_include_directories(npuscribe_settings INTERFACE ${PROJECT_SOURCE_DIR}/lib)
target_compile_options(npuscribe_settings INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wconversion -Wno-sign-conversion)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  target_compile_options(npuscribe_settings INTERFACE -Wno-restrict) # false alarms in std::string (GCC bug 105651)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  target_compile_options(npuscribe_settings INTERFACE -Wno-overlength-strings) # the vocabularies, as text
endif()
if(NPUSCRIBE_WERROR)
  target_compile_options(npuscribe_settings INTERFACE -Werror)
endif()
if(NPUSCRIBE_SANITIZE)
  target_compile_options(npuscribe_settings INTERFACE -fsanitize=${NPUSCRIBE_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(npuscribe_settings INTERFACE -fsanitize=${NPUSCRIBE_SANITIZE})
endif()
target_link_libraries(npuscribe_settings INTERFACE Threads::Threads)

# npuscribe_precompile(NAME HEADERS ... LINK ...): compiles headers once for all targets of npuscribe_use_precompiled(TARGET NAME).
# These must have the same compiler options; GCC refuses the headers if an option matters.
function(npuscribe_precompile name)
  cmake_parse_arguments(ARG "" "" "HEADERS;LINK" ${ARGN})
  add_library(${name} OBJECT ${PROJECT_SOURCE_DIR}/cmake/precompiled.cpp)
  target_link_libraries(${name} PRIVATE ${ARG_LINK})
  target_precompile_headers(${name} PRIVATE ${ARG_HEADERS})
  npuscribe_precompiled_options(${name})
endfunction()
function(npuscribe_use_precompiled name target)
  target_precompile_headers(${name} REUSE_FROM ${target})
  npuscribe_precompiled_options(${name})
endfunction()
function(npuscribe_precompiled_options name)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(${name} PRIVATE -fpch-preprocess) # for ccache
  endif()
endfunction()

# npuscribe_library(NAME SOURCES... ): one static library per folder of lib/, named npuscribe_<folder>.
function(npuscribe_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK;PRIVATE_LINK" ${ARGN})
  add_library(npuscribe_${name} STATIC ${ARG_SOURCES})
  target_link_libraries(npuscribe_${name} PUBLIC npuscribe_settings ${ARG_LINK} PRIVATE ${ARG_PRIVATE_LINK})
  set_target_properties(npuscribe_${name} PROPERTIES POSITION_INDEPENDENT_CODE ON)
  if(NPUSCRIBE_SANITIZE AND NOT OpenMP::OpenMP_CXX IN_LIST ARG_PRIVATE_LINK) # -fopenmp needs headers of its own
    npuscribe_use_precompiled(npuscribe_${name} npuscribe_library_headers)
  endif()
endfunction()
