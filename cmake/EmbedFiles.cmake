# cmake -DOUTPUT=FILE.cpp -DHEADER=evaluation/embedded_assets.h -DNAMESPACE=stevie::evaluation
#       "-DENTRIES=name=path|name=path" [-DGZIP=ON] -P EmbedFiles.cmake
#
# Writes a .cpp that holds each file's bytes and gives them through NAMESPACE::<name>(), which HEADER declares. GZIP:
# compressed; an empty file stays empty.
string(REPLACE "|" ";" entries "${ENTRIES}")
set(source "#include \"${HEADER}\"\n\nnamespace ${NAMESPACE} {\n")
foreach(entry IN LISTS entries)
  string(REGEX MATCH "^([a-z_]+)=(.*)$" _ "${entry}")
  set(name ${CMAKE_MATCH_1})
  set(path "${CMAKE_MATCH_2}")
  file(SIZE "${path}" size)
  if(GZIP AND size GREATER 0)
    file(ARCHIVE_CREATE OUTPUT "${OUTPUT}.${name}.gz" PATHS "${path}" FORMAT raw COMPRESSION GZip COMPRESSION_LEVEL 9)
    set(path "${OUTPUT}.${name}.gz")
  endif()
  file(READ "${path}" bytes HEX)
  string(LENGTH "${bytes}" digits)
  math(EXPR size "${digits} / 2")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
  string(APPEND source "static constexpr unsigned char ${name}_bytes[] = {${bytes}0};\n"
                       "std::string_view ${name}() {\n"
                       "  return {reinterpret_cast<const char*>(${name}_bytes), ${size}};\n}\n")
endforeach()
string(APPEND source "}  // namespace ${NAMESPACE}\n")
file(WRITE "${OUTPUT}" "${source}")
