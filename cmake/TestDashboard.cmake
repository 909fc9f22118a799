# cmake -DPART=unit|types -DSOURCE=web/dashboard -DWORK=FOLDER -DSTEVIE=PROGRAM -P TestDashboard.cmake
#
# unit: types, tests and weight of the page, in the folder where BuildDashboard.cmake has built it.
# types: whether src/api/schema.d.ts is what openapi-typescript makes of the program's API.
find_program(NPM npm)
if(NOT NPM OR NOT EXISTS ${WORK}/installed)
  message("skipped: npm or its packages were out of reach when the dashboard was built")
  return()
endif()
include(${CMAKE_CURRENT_LIST_DIR}/DashboardTools.cmake)
find_node(${SOURCE} ${WORK} failure)
if(failure)
  message("skipped: npm gives no Node.js: ${failure}")
  return()
endif()

if(PART STREQUAL "unit")
  copy_dashboard(${SOURCE} ${WORK})
  foreach(script IN ITEMS check test budget)
    execute_process(COMMAND ${NPM} run --silent ${script} WORKING_DIRECTORY ${WORK} RESULT_VARIABLE failure)
    if(failure)
      message(FATAL_ERROR "In web/dashboard, `npm run ${script}` finds something")
    endif()
  endforeach()
else()
  execute_process(COMMAND ${STEVIE} openapi OUTPUT_FILE ${WORK}/openapi.json RESULT_VARIABLE failure)
  if(failure)
    message(FATAL_ERROR "stevie openapi failed")
  endif()
  execute_process(COMMAND ${WORK}/node_modules/.bin/openapi-typescript openapi.json -o schema.now.d.ts
                  WORKING_DIRECTORY ${WORK} RESULT_VARIABLE failure OUTPUT_QUIET)
  execute_process(COMMAND ${CMAKE_COMMAND} -E compare_files ${WORK}/schema.now.d.ts ${SOURCE}/src/api/schema.d.ts
                  RESULT_VARIABLE differs)
  if(failure OR differs)
    message(FATAL_ERROR "web/dashboard/src/api/schema.d.ts is not of this program's API: `npm run types` there writes it")
  endif()
endif()
