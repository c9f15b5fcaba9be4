# How every room of Tilewright is built: one precompiled header, one function per kind of target.

# The headers that nearly every pass needs. Parsing them takes 5-10 s; precompiled, about 0.1 s.
add_library(tilewright-pch OBJECT ${CMAKE_CURRENT_LIST_DIR}/Pch.cpp)
target_precompile_headers(tilewright-pch PRIVATE
  <mlir/Dialect/Arith/IR/Arith.h>
  <mlir/Dialect/Func/IR/FuncOps.h>
  <mlir/Dialect/Linalg/IR/Linalg.h>
  <mlir/Dialect/Math/IR/Math.h>
  <mlir/Dialect/MemRef/IR/MemRef.h>
  <mlir/Dialect/SCF/IR/SCF.h>
  <mlir/Dialect/Tensor/IR/Tensor.h>
  <mlir/Dialect/Vector/IR/VectorOps.h>
  <mlir/IR/PatternMatch.h>
  <mlir/Pass/Pass.h>
  <mlir/Transforms/GreedyPatternRewriteDriver.h>)

set(TILEWRIGHT_WARNINGS -Wall -Wextra -Wno-unused-parameter)
target_compile_options(tilewright-pch PRIVATE -fno-exceptions ${TILEWRIGHT_WARNINGS})

# tilewright_library(NAME [NO_PCH] [GENERATED target...] [LINKS lib...])
# A static library from all .cpp files in and below the calling folder.
function(tilewright_library name)
  cmake_parse_arguments(ARG "NO_PCH" "" "GENERATED;LINKS" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  add_library(${name} STATIC ${sources})
  target_compile_options(${name} PRIVATE -fno-exceptions ${TILEWRIGHT_WARNINGS})
  if(NOT ARG_NO_PCH)
    target_precompile_headers(${name} REUSE_FROM tilewright-pch)
  endif()
  target_link_libraries(${name} PUBLIC ${ARG_LINKS})
  if(ARG_GENERATED)
    add_dependencies(${name} ${ARG_GENERATED})
  endif()
  # Generated headers of every dialect come before any compilation: rooms include each other's ODS output.
  add_dependencies(${name} tilewright-headers)
endfunction()

# tilewright_tool(NAME [LINKS lib...]): an executable from the .cpp files of the calling folder.
function(tilewright_tool name)
  cmake_parse_arguments(ARG "" "" "LINKS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  add_executable(${name} ${sources})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
  target_compile_options(${name} PRIVATE -fno-exceptions ${TILEWRIGHT_WARNINGS})
  target_link_libraries(${name} PRIVATE ${ARG_LINKS})
  target_link_options(${name} PRIVATE -fuse-ld=lld)
  add_dependencies(${name} tilewright-headers)
endfunction()

# tilewright_dialect(Xf): runs TableGen over dialects/Xf/IR/XfOps.td; output lands beside it in the build tree.
function(tilewright_dialect name)
  string(TOLOWER ${name} dialect)
  file(MAKE_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/${name}/IR)
  set(LLVM_TARGET_DEFINITIONS ${name}/IR/${name}Ops.td)
  mlir_tablegen(${name}/IR/${name}Ops.h.inc -gen-op-decls)
  mlir_tablegen(${name}/IR/${name}Ops.cpp.inc -gen-op-defs)
  mlir_tablegen(${name}/IR/${name}Dialect.h.inc -gen-dialect-decls -dialect=${dialect})
  mlir_tablegen(${name}/IR/${name}Dialect.cpp.inc -gen-dialect-defs -dialect=${dialect})
  mlir_tablegen(${name}/IR/${name}Types.h.inc -gen-typedef-decls -typedefs-dialect=${dialect})
  mlir_tablegen(${name}/IR/${name}Types.cpp.inc -gen-typedef-defs -typedefs-dialect=${dialect})
  mlir_tablegen(${name}/IR/${name}Enums.h.inc -gen-enum-decls)
  mlir_tablegen(${name}/IR/${name}Enums.cpp.inc -gen-enum-defs)
  mlir_tablegen(${name}/IR/${name}Attrs.h.inc -gen-attrdef-decls -attrdefs-dialect=${dialect})
  mlir_tablegen(${name}/IR/${name}Attrs.cpp.inc -gen-attrdef-defs -attrdefs-dialect=${dialect})
  add_public_tablegen_target(Tilewright${name}IncGen)
  add_dependencies(tilewright-headers Tilewright${name}IncGen)
endfunction()

# tilewright_passes(FOLDER NAME): TableGen over FOLDER/Passes.td, declarations grouped under NAME.
function(tilewright_passes folder name)
  file(MAKE_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/${folder})
  set(LLVM_TARGET_DEFINITIONS ${folder}/Passes.td)
  mlir_tablegen(${folder}/Passes.h.inc -gen-pass-decls -name ${name})
  add_public_tablegen_target(Tilewright${name}PassesIncGen)
  add_dependencies(tilewright-headers Tilewright${name}PassesIncGen)
endfunction()

# tilewright_table(FILE NAME): TableGen over FILE.td, whose GenericTables become C++ arrays in FILE.inc.
function(tilewright_table file name)
  set(LLVM_TARGET_DEFINITIONS ${file}.td)
  tablegen(LLVM ${file}.inc -gen-searchable-tables)
  add_public_tablegen_target(Tilewright${name}IncGen)
  add_dependencies(tilewright-headers Tilewright${name}IncGen)
endfunction()

add_custom_target(tilewright-headers)
add_dependencies(tilewright-pch tilewright-headers)
