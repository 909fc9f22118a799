# cmake -DSOURCE=web/dashboard -DWORK=FOLDER -DOUTPUT=FILE.cpp -P BuildDashboard.cmake
#
# Builds the page in WORK, a copy of SOURCE with the packages of its package-lock.json (none of their scripts is run), and
# writes a .cpp with its files, compressed. Where npm or its registry cannot be reached there are none of them, and the
# program serves a page that says so. A fault in the sources of the page is an error.
include(${CMAKE_CURRENT_LIST_DIR}/DashboardTools.cmake)
copy_dashboard(${SOURCE} ${WORK})
find_program(NPM npm)
file(SHA256 ${SOURCE}/package-lock.json wanted)
set(installed "")
if(EXISTS ${WORK}/installed)
  file(READ ${WORK}/installed installed)
endif()
if(NPM)
  find_node(${SOURCE} ${WORK} failure)
else()
  set(failure "npm is not installed")
endif()
if(NOT failure AND NOT installed STREQUAL wanted)
  file(REMOVE ${WORK}/installed)
  execute_process(
    COMMAND ${NPM} ci --ignore-scripts --loglevel=error --fetch-retries=1 --fetch-timeout=30000
    WORKING_DIRECTORY ${WORK} RESULT_VARIABLE failure OUTPUT_QUIET ERROR_VARIABLE complaint TIMEOUT 600)
  if(NOT failure)
    file(WRITE ${WORK}/installed ${wanted})
  endif()
endif()

set(files "")
file(REMOVE_RECURSE ${WORK}/dist)
if(failure)
  message(WARNING "The packages of ${SOURCE} could not be fetched (${failure} ${complaint}). The program will have no "
                  "dashboard. To try again, remove the folder ${WORK} and ${OUTPUT}, and build.")
else()
  execute_process(
    COMMAND ${NPM} run --silent build WORKING_DIRECTORY ${WORK} RESULT_VARIABLE failure
    OUTPUT_VARIABLE told ERROR_VARIABLE complaint)
  if(failure)
    message(FATAL_ERROR "The dashboard has a fault:\n${told}\n${complaint}")
  endif()
  file(GLOB_RECURSE files RELATIVE ${WORK}/dist ${WORK}/dist/*)
  list(SORT files)
endif()

set(arrays "")
set(table "")
set(number 0)
foreach(file IN LISTS files)
  file(ARCHIVE_CREATE OUTPUT ${WORK}/packed.gz PATHS ${WORK}/dist/${file} FORMAT raw COMPRESSION GZip COMPRESSION_LEVEL 9)
  file(READ ${WORK}/packed.gz bytes HEX)
  string(LENGTH "${bytes}" digits)
  math(EXPR size "${digits} / 2")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
  string(APPEND arrays "constexpr unsigned char file_${number}[] = {${bytes}0};\n")
  string(APPEND table "    {\"${file}\", {reinterpret_cast<const char*>(file_${number}), ${size}}},\n")
  math(EXPR number "${number} + 1")
endforeach()
file(WRITE ${OUTPUT} "#include \"api/embedded_dashboard.h\"

namespace stevie::api {
namespace {

${arrays}
}  // namespace

std::span<const EmbeddedFile> dashboard_files() {
")
if(number EQUAL 0)
  file(APPEND ${OUTPUT} "  return {};\n}\n\n}  // namespace stevie::api\n")
else()
  file(APPEND ${OUTPUT} "  static const EmbeddedFile files[] = {\n${table}  };\n  return files;\n}\n\n}  // namespace stevie::api\n")
endif()
