# cmake -DSOURCE=web/report -DWORK=FOLDER "-DFILES=package/a.js=OUTPUT|package/b.css=OUTPUT" "-DMISSING=what follows"
#       -P FetchNpmFiles.cmake
#
# Installs the packages that SOURCE/package-lock.json names into WORK, without running any of their scripts, and copies
# files out of them. Where npm or its registry cannot be reached all outputs are empty.
string(REPLACE "|" ";" files "${FILES}")
find_program(NPM npm)
if(NPM)
  file(COPY ${SOURCE}/package.json ${SOURCE}/package-lock.json ${SOURCE}/.npmrc DESTINATION ${WORK})
  execute_process(
    COMMAND ${NPM} ci --ignore-scripts --loglevel=error --fetch-retries=1 --fetch-timeout=30000
    WORKING_DIRECTORY ${WORK} RESULT_VARIABLE failure OUTPUT_QUIET ERROR_VARIABLE complaint TIMEOUT 180)
else()
  set(failure "npm is not installed")
endif()
foreach(file IN LISTS files)
  string(REGEX MATCH "^([^=]+)=(.*)$" _ "${file}")
  if(NOT failure AND NOT EXISTS ${WORK}/node_modules/${CMAKE_MATCH_1})
    set(failure "there is no ${CMAKE_MATCH_1}")
  endif()
endforeach()
foreach(file IN LISTS files)
  string(REGEX MATCH "^([^=]+)=(.*)$" _ "${file}")
  if(failure)
    file(WRITE ${CMAKE_MATCH_2} "")
  else()
    configure_file(${WORK}/node_modules/${CMAKE_MATCH_1} ${CMAKE_MATCH_2} COPYONLY)
  endif()
endforeach()
if(failure)
  message(WARNING "The packages of ${SOURCE} could not be fetched (${failure} ${complaint}). ${MISSING} "
                  "To try again, remove the folder ${WORK} and the empty files beside it, and build.")
endif()
