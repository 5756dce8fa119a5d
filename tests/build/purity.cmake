cmake_minimum_required(VERSION 3.25)

# rules/ is pure: the library refers to no symbol but its own and those below. Run by ctest as
#   cmake -DLIBRARY=librules.a -DNM=nm -DDEFINES=core_step -P purity.cmake
# DEFINES names a symbol that must be there, so that an empty library cannot pass.
#
# A clock, an allocation, a file, a lock, a locale or libm would each show as a symbol of its own.
# The functions of <string.h> are memory alone; an assertion that fails ends the process.
set(allowed
  memcpy memmove memset memcmp bcmp strlen
  __assert_fail __stack_chk_fail _GLOBAL_OFFSET_TABLE_
)
# What sanitizers and coverage add is not ours.
set(instrumentation "^(__(asan|ubsan|tsan|gcov|llvm|sanitizer)_|__start___|__stop___|llvm_gcov_)")

execute_process(COMMAND ${NM} -P ${LIBRARY} OUTPUT_VARIABLE listing RESULT_VARIABLE status
  ERROR_VARIABLE complaint)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "${NM} cannot read ${LIBRARY}: ${complaint}")
endif()

# Lines of `nm -P` read "name type …"; U, and w for a weak one, is referred to but not defined.
string(REGEX MATCHALL "[^\n]+" lines "${listing}")
set(defined)
set(referred)
foreach(line IN LISTS lines)
  if(line MATCHES "^([^ ]+) [Uw]( |$)")
    list(APPEND referred ${CMAKE_MATCH_1})
  elseif(line MATCHES "^([^ ]+) [A-Za-z]( |$)")
    list(APPEND defined ${CMAKE_MATCH_1})
  endif()
endforeach()
if(NOT DEFINES IN_LIST defined)
  message(FATAL_ERROR "${LIBRARY} does not define ${DEFINES}: this is not the library to look at")
endif()

list(REMOVE_DUPLICATES referred)
set(strangers)
foreach(symbol IN LISTS referred)
  if(NOT symbol IN_LIST allowed AND NOT symbol IN_LIST defined
      AND NOT symbol MATCHES "${instrumentation}")
    list(APPEND strangers ${symbol})
  endif()
endforeach()
if(strangers)
  list(JOIN strangers ", " words)
  message(FATAL_ERROR "not pure: ${LIBRARY} refers to ${words}")
endif()
