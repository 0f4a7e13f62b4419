# What is installed, how projects find it, and the packages that are made of it.
#
#   find_package(Rnncc)      bin/rnncc .. include/rnncc, lib/librnncc_rt.*, lib/cmake/Rnncc
#   pkg-config rnncc         lib/pkgconfig/rnncc.pc; rnncc-train for programs that train
#   cpack (./dev package)    rnncc, librnncc-rt and the ABI version, librnncc-rt-dev, rnncc-halide
#
# The build folder can be found, too: -DRnncc_DIR=build/release.
include(CMakePackageConfigHelpers)

set(config_dir "${CMAKE_INSTALL_LIBDIR}/cmake/Rnncc")
configure_package_config_file(cmake/RnnccConfig.cmake.in RnnccConfig.cmake
  INSTALL_DESTINATION "${config_dir}")
write_basic_package_version_file(RnnccConfigVersion.cmake COMPATIBILITY SameMinorVersion)
configure_file(cmake/RnnccAddCell.cmake RnnccAddCell.cmake COPYONLY)
export(EXPORT RnnccTargets NAMESPACE Rnncc:: FILE "${CMAKE_BINARY_DIR}/RnnccTargets.cmake")

# rnncc.pc says where it lies itself, so that an installed tree can be moved.
file(RELATIVE_PATH RNNCC_PC_PREFIX "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
configure_file(cmake/rnncc.pc.in rnncc.pc @ONLY)

# They name the compiler, and so come with it.
install(EXPORT RnnccTargets NAMESPACE Rnncc:: DESTINATION "${config_dir}" COMPONENT compiler)
install(FILES
    "${CMAKE_CURRENT_BINARY_DIR}/RnnccConfig.cmake"
    "${CMAKE_CURRENT_BINARY_DIR}/RnnccConfigVersion.cmake"
    cmake/RnnccAddCell.cmake
  DESTINATION "${config_dir}" COMPONENT compiler)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/rnncc.pc"
  DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig" COMPONENT development)
if(RNNCC_BUILD_TRAIN)
  configure_file(cmake/rnncc-train.pc.in rnncc-train.pc @ONLY)
  install(FILES "${CMAKE_CURRENT_BINARY_DIR}/rnncc-train.pc"
    DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig" COMPONENT development)
endif()

# The compiler's own documents and cells to begin with.
set(doc "${CMAKE_INSTALL_DATAROOTDIR}/doc")
install(FILES README.md CHANGELOG.md DESTINATION "${doc}/rnncc" COMPONENT compiler)
install(DIRECTORY docs/ DESTINATION "${doc}/rnncc/docs" COMPONENT compiler)
install(DIRECTORY examples DESTINATION "${doc}/rnncc" COMPONENT compiler)
set(packages compiler:rnncc runtime:librnncc-rt${RNNCC_ABI_VERSION} development:librnncc-rt-dev)
if(RNNCC_HAS_HALIDE)
  list(APPEND packages halide:rnncc-halide)
endif()
foreach(pair ${packages})
  string(REPLACE ":" ";" pair ${pair})
  list(GET pair 0 component)
  list(GET pair 1 package)
  install(FILES LICENSE DESTINATION "${doc}/${package}" RENAME copyright COMPONENT ${component})
endforeach()

#
# Debian packages
#
set(CPACK_GENERATOR DEB)
set(CPACK_COMPONENTS_ALL compiler runtime development)
if(RNNCC_HAS_HALIDE)
  list(APPEND CPACK_COMPONENTS_ALL halide)
endif()
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_PACKAGE_CONTACT "The rnncc authors <rnncc@localhost>")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_PACKAGE_DIRECTORY "${CMAKE_BINARY_DIR}/packages")
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS "${CMAKE_BINARY_DIR}/lib")
set(exact "(= ${PROJECT_VERSION})")

set(CPACK_DEBIAN_COMPILER_PACKAGE_NAME rnncc)
set(CPACK_DEBIAN_COMPILER_PACKAGE_SECTION devel)
set(CPACK_DEBIAN_COMPILER_PACKAGE_DEPENDS "librnncc-rt-dev ${exact}, libllvm22 (>= 1:22.1)")
set(CPACK_COMPONENT_COMPILER_DESCRIPTION "compiler for recurrent networks
 Compiles recurrent cells, written as their equations, to object files with
 forward and backward passes and a C header.")

set(CPACK_DEBIAN_RUNTIME_PACKAGE_NAME librnncc-rt${RNNCC_ABI_VERSION})
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_CONTROL_EXTRA "${CMAKE_CURRENT_BINARY_DIR}/triggers")
file(WRITE "${CMAKE_CURRENT_BINARY_DIR}/triggers" "activate-noawait ldconfig\n")
set(CPACK_COMPONENT_RUNTIME_DESCRIPTION "runtime of compiled recurrent cells
 Thread teams, memory and descriptors for cells that rnncc has compiled.")

set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME librnncc-rt-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS "librnncc-rt${RNNCC_ABI_VERSION} ${exact}")
set(CPACK_COMPONENT_DEVELOPMENT_DESCRIPTION "runtime of compiled recurrent cells (development files)
 Headers, static libraries of the runtime and for training, and files for
 pkg-config.")

set(CPACK_DEBIAN_HALIDE_PACKAGE_NAME rnncc-halide)
set(CPACK_DEBIAN_HALIDE_PACKAGE_SECTION devel)
set(CPACK_DEBIAN_HALIDE_PACKAGE_DEPENDS "rnncc ${exact}")
# The searches of --autoschedule are in the package of the headers.
set(CPACK_DEBIAN_HALIDE_PACKAGE_SUGGESTS libhalide14-0-dev)
set(CPACK_COMPONENT_HALIDE_DESCRIPTION "compiler for recurrent networks (Halide backend)
 Makes the kernels of --backend=halide, derivatives included.")
include(CPack)
