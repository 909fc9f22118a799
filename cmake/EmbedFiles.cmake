# cmake -DOUTPUT=FILE.cpp "-DENTRIES=name=path|name=path" -P EmbedFiles.cmake
#
# Writes a .cpp that holds each file's bytes and gives them through stevie::evaluation::<name>().
string(REPLACE "|" ";" entries "${ENTRIES}")
set(source "#include \"evaluation/embedded_assets.h\"\n\nnamespace stevie::evaluation {\n")
foreach(entry IN LISTS entries)
  string(REGEX MATCH "^([a-z_]+)=(.*)$" _ "${entry}")
  set(name ${CMAKE_MATCH_1})
  file(READ "${CMAKE_MATCH_2}" bytes HEX)
  string(LENGTH "${bytes}" digits)
  math(EXPR size "${digits} / 2")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
  string(APPEND source "static constexpr unsigned char ${name}_bytes[] = {${bytes}0};\n"
                       "std::string_view ${name}() {\n"
                       "  return {reinterpret_cast<const char*>(${name}_bytes), ${size}};\n}\n")
endforeach()
string(APPEND source "}  // namespace stevie::evaluation\n")
file(WRITE "${OUTPUT}" "${source}")
