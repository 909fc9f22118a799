# Compiler flags and helper programs every target shares.

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
endif()

add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wno-missing-field-initializers)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  add_compile_options(-Wno-restrict)  # wrong alarms on std::string in g++ 12 (GCC bug 105329)
endif()
if(STEVIE_MARCH)
  add_compile_options(-march=${STEVIE_MARCH})
endif()
# A fused multiply-add rounds once where the source says twice, and whether the compiler fuses depends on what it
# inlined where. Off, so that batch and streaming, or two builds of one formula, agree bit for bit; the kernels of
# src/nn fuse explicitly.
add_compile_options(-ffp-contract=off -fno-math-errno)

if(STEVIE_SANITIZE)
  add_compile_options(-fsanitize=${STEVIE_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${STEVIE_SANITIZE})
endif()

if(STEVIE_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)  # libFuzzer steers by the branches that an input takes
  add_custom_target(fuzzers)
endif()

find_program(MOLD_PROGRAM mold)
if(MOLD_PROGRAM AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  add_link_options(-fuse-ld=mold)
endif()

find_package(Threads REQUIRED)
find_package(GTest REQUIRED)
find_package(fmt REQUIRED)
find_package(nlohmann_json REQUIRED)
