# What cmake --install installs, and the Debian package that scripts/package makes of it with CPack.

# The program writes these itself, so that they cannot differ from its options.
set(manual ${PROJECT_BINARY_DIR}/manual)
function(npuscribe_prints FILE)
  add_custom_command(OUTPUT ${manual}/${FILE}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${manual}
    COMMAND npuscribe ${ARGN} > ${manual}/${FILE}
    DEPENDS npuscribe
    COMMENT "Printing ${FILE}"
    VERBATIM)
  set_property(GLOBAL APPEND PROPERTY NPUSCRIBE_MANUAL ${manual}/${FILE})
endfunction()
npuscribe_prints(npuscribe.1 man)
npuscribe_prints(npuscribe.bash completion bash)
npuscribe_prints(_npuscribe completion zsh)
npuscribe_prints(npuscribe.fish completion fish)
get_property(manual_files GLOBAL PROPERTY NPUSCRIBE_MANUAL)
add_custom_target(manual ALL DEPENDS ${manual_files})

install(TARGETS npuscribe RUNTIME)
install(FILES ${manual}/npuscribe.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES ${manual}/npuscribe.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME npuscribe)
install(FILES ${manual}/_npuscribe DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions)
install(FILES ${manual}/npuscribe.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
install(FILES README.md THIRD-PARTY.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} RENAME copyright)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME npuscribe)
set(CPACK_PACKAGE_VENDOR npuscribe)
set(CPACK_PACKAGE_CONTACT "the authors of npuscribe <npuscribe@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "transcribes speech with Whisper, on an AMD XDNA2 NPU or a CPU")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
"Command-line transcription with OpenAI's Whisper models. The encoder's matrix
products run in BFP16, the block floating-point format of AMD's XDNA2 NPUs,
on such an NPU or with the same numerics on the CPU.")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
# The version names the Debian release whose libraries the package was linked with, so that an upgrade from 12 to 13 replaces it.
cmake_host_system_information(RESULT distribution QUERY DISTRIB_INFO)
if(distribution_ID STREQUAL "debian")
  set(CPACK_DEBIAN_PACKAGE_RELEASE "1~deb${distribution_VERSION_ID}")
endif()
set(CPACK_DEBIAN_PACKAGE_SECTION sound)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "libxrt-npu2 (>= 2.17)") # loaded only if an NPU is used
set(CPACK_STRIP_FILES ON)
# The package holds the program alone. `cmake --install` also installs the library (the component "development").
set(CPACK_INSTALL_CMAKE_PROJECTS "${PROJECT_BINARY_DIR};npuscribe;Unspecified;/")
include(CPack)
