# rnncc_add_cell(target file.rnn [SET I=64 H=128 ..] [CELLS LSTM ..]
#                [TYPE f32|f64|bf16] [CPU avx2 ..] [WERROR])
#
# Compiles the cells and models of a .rnn file and adds them to `target`; makes a static library
# of that name if there is none. Sources include the header by the file's name:
#
#   find_package(Rnncc REQUIRED)
#   add_executable(app main.c)
#   rnncc_add_cell(app lstm.rnn SET I=64 H=128)      # main.c: #include "lstm.h"
#
# A file may have several: they share the object and the header. Programs that train models also
# link Rnncc::train.
#
# SET, CELLS, TYPE, CPU and WERROR are rnncc's --set, --cell, --type, --cpu and --Werror.
function(rnncc_add_cell target file)
  cmake_parse_arguments(PARSE_ARGV 2 CELL "WERROR" "TYPE" "SET;CELLS;CPU")
  if(DEFINED CELL_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "rnncc_add_cell: unknown arguments '${CELL_UNPARSED_ARGUMENTS}'; "
      "expected SET, CELLS, TYPE, CPU or WERROR")
  endif()
  cmake_path(ABSOLUTE_PATH file BASE_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}" NORMALIZE)
  if(NOT EXISTS "${file}")
    message(FATAL_ERROR "rnncc_add_cell: there is no file '${file}'")
  endif()
  cmake_path(GET file STEM name)
  set(folder "${CMAKE_CURRENT_BINARY_DIR}/${target}.cells")
  set(object "${folder}/${name}.o")
  set(header "${folder}/${name}.h")

  set(options)
  foreach(pair SET:set CELLS:cell CPU:cpu)
    string(REPLACE ":" ";" pair ${pair})
    list(GET pair 0 argument)
    list(GET pair 1 option)
    if(CELL_${argument})
      list(JOIN CELL_${argument} "," values)
      list(APPEND options "--${option}=${values}")
    endif()
  endforeach()
  if(CELL_TYPE)
    list(APPEND options "--type=${CELL_TYPE}")
  endif()
  if(CELL_WERROR)
    list(APPEND options "--Werror")
  endif()

  file(MAKE_DIRECTORY "${folder}")
  add_custom_command(
    OUTPUT "${object}" "${header}"
    COMMAND Rnncc::rnncc "${file}" ${options} -o "${object}"
    DEPENDS "${file}" Rnncc::rnncc
    COMMENT "Compiling ${name}.rnn"
    VERBATIM)
  set_source_files_properties("${object}" PROPERTIES EXTERNAL_OBJECT ON GENERATED ON)
  if(TARGET ${target})
    target_sources(${target} PRIVATE "${object}" "${header}")
    target_include_directories(${target} PRIVATE "${folder}")
    # Not target_link_libraries, which would ask for the signature that the project uses.
    set_property(TARGET ${target} APPEND PROPERTY LINK_LIBRARIES Rnncc::runtime)
  else()
    add_library(${target} STATIC "${object}" "${header}")
    set_target_properties(${target} PROPERTIES LINKER_LANGUAGE C)
    target_include_directories(${target} PUBLIC "${folder}")
    target_link_libraries(${target} PUBLIC Rnncc::runtime)
  endif()
endfunction()
