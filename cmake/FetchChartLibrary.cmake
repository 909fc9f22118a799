# cmake -DSOURCE=web/report -DWORK=FOLDER -DOUTPUT=FILE.js -P FetchChartLibrary.cmake
#
# Installs the chart library that package-lock.json names into WORK and copies its one script to OUTPUT. Where npm or
# its registry cannot be reached OUTPUT is empty, and reports are made without charts.
set(script node_modules/lightweight-charts/dist/lightweight-charts.standalone.production.js)
find_program(NPM npm)
if(NPM)
  file(COPY ${SOURCE}/package.json ${SOURCE}/package-lock.json ${SOURCE}/.npmrc DESTINATION ${WORK})
  execute_process(
    COMMAND ${NPM} ci --loglevel=error --fetch-retries=1 --fetch-timeout=30000
    WORKING_DIRECTORY ${WORK} RESULT_VARIABLE failure OUTPUT_QUIET ERROR_VARIABLE complaint TIMEOUT 180)
else()
  set(failure "npm is not installed")
endif()
if(NOT failure AND EXISTS ${WORK}/${script})
  configure_file(${WORK}/${script} ${OUTPUT} COPYONLY)
else()
  message(WARNING "The chart library could not be fetched (${failure} ${complaint}). Reports will have no charts. "
                  "To try again, remove ${OUTPUT} and build.")
  file(WRITE ${OUTPUT} "")
endif()
