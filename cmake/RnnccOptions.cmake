# Language standards, warnings, linker and the switches of all targets.

set(CMAKE_CXX_STANDARD 17)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/lib")
set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/lib")

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()

# ccache makes the second build fast; nothing needs it.
find_program(RNNCC_CCACHE ccache)
if(RNNCC_CCACHE)
  set(CMAKE_C_COMPILER_LAUNCHER "${RNNCC_CCACHE}")
  set(CMAKE_CXX_COMPILER_LAUNCHER "${RNNCC_CCACHE}")
endif()

# lld links against LLVM's shared library several times faster than GNU ld.
find_program(RNNCC_LLD NAMES ld.lld-22 ld.lld)
if(RNNCC_LLD AND CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  add_link_options(-fuse-ld=${RNNCC_LLD})
endif()

add_compile_options(-Wall -Wextra)

set(RNNCC_SANITIZE "" CACHE STRING "Sanitizers for all targets, e.g. address,undefined")
if(RNNCC_SANITIZE)
  add_compile_options(-fsanitize=${RNNCC_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${RNNCC_SANITIZE})
endif()
