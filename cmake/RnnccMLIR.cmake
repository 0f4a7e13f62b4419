# Finds MLIR and LLVM 22 and defines how a room of the house is built.

# The packages accept no version in find_package; it is checked below.
list(APPEND CMAKE_PREFIX_PATH /usr/lib/llvm-22)
find_package(MLIR REQUIRED CONFIG)
find_package(LLD REQUIRED CONFIG)
if(NOT LLVM_VERSION_MAJOR EQUAL 22)
  message(FATAL_ERROR "rnncc needs LLVM 22, found ${LLVM_PACKAGE_VERSION} in ${LLVM_DIR}")
endif()
list(APPEND CMAKE_MODULE_PATH "${MLIR_CMAKE_DIR}" "${LLVM_CMAKE_DIR}")
include(TableGen)
include(AddLLVM)
include(AddMLIR)

# One precompiled header for every room.
add_library(rnncc_mlir INTERFACE)
target_include_directories(rnncc_mlir INTERFACE "${CMAKE_SOURCE_DIR}" "${CMAKE_BINARY_DIR}")
target_include_directories(rnncc_mlir SYSTEM INTERFACE ${MLIR_INCLUDE_DIRS} ${LLVM_INCLUDE_DIRS})
target_compile_definitions(rnncc_mlir INTERFACE ${LLVM_DEFINITIONS_LIST})
target_compile_options(rnncc_mlir INTERFACE -Wno-unused-parameter)
target_link_libraries(rnncc_mlir INTERFACE MLIR LLVM)

add_library(rnncc_pch OBJECT "${CMAKE_SOURCE_DIR}/cmake/Pch.cpp")
target_link_libraries(rnncc_pch PUBLIC rnncc_mlir)
target_precompile_headers(rnncc_pch PRIVATE "${CMAKE_SOURCE_DIR}/cmake/Pch.h")

# rnncc_room(name SOURCES ... ROOMS ...): one room as a static library. ROOMS
# names the rooms it may use, and is what docs/house.md draws.
function(rnncc_room name)
  cmake_parse_arguments(ROOM "" "" "SOURCES;ROOMS" ${ARGN})
  add_library(${name} STATIC ${ROOM_SOURCES})
  target_link_libraries(${name} PUBLIC rnncc_mlir ${ROOM_ROOMS})
  target_precompile_headers(${name} REUSE_FROM rnncc_pch)
endfunction()

# rnncc_tool(name SOURCES ... ROOMS ...): one program.
function(rnncc_tool name)
  cmake_parse_arguments(TOOL "" "" "SOURCES;ROOMS" ${ARGN})
  add_executable(${name} ${TOOL_SOURCES})
  target_link_libraries(${name} PRIVATE rnncc_mlir ${TOOL_ROOMS})
  # As the precompiled header is: -fPIC, where CMake would say -fPIE.
  set_target_properties(${name} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
  target_compile_options(${name} PRIVATE -fPIC)
  target_precompile_headers(${name} REUSE_FROM rnncc_pch)
  # Debian keeps libMLIR in a folder of its own.
  set_target_properties(${name} PROPERTIES INSTALL_RPATH "${LLVM_LIBRARY_DIR}")
endfunction()

# rnncc_tablegen(target td PAIRS flag output ...): generated headers of a room.
function(rnncc_tablegen target td)
  set(LLVM_TARGET_DEFINITIONS ${td})
  set(pairs ${ARGN})
  while(pairs)
    list(POP_FRONT pairs output)
    list(POP_FRONT pairs flags)
    separate_arguments(flags)
    mlir_tablegen(${output} ${flags} EXTRA_INCLUDES ${CMAKE_SOURCE_DIR} ${MLIR_INCLUDE_DIRS})
  endwhile()
  add_public_tablegen_target(${target})
endfunction()
