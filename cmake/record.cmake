# record_module(record USES base): the record structs, enums and tables generated from schemas/.
#
# src/record/type.h is written by hand; record.h and record.c are made by src/record/generate.py in
# build/gen/record/ and seen as "record/record.h" through the same view as type.h.
function(record_module name)
  cmake_parse_arguments(PARSE_ARGV 1 module "" "" "USES")
  set(source ${PROJECT_SOURCE_DIR}/src/${name})
  set(view ${PROJECT_BINARY_DIR}/view/${name})
  file(MAKE_DIRECTORY ${view}/${name})
  file(CREATE_LINK ${source}/type.h ${view}/${name}/type.h SYMBOLIC)
  file(GLOB schemas CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/schemas/*.avsc
    ${PROJECT_SOURCE_DIR}/schemas/state/*.avsc)
  set(header ${view}/${name}/record.h)
  set(code ${PROJECT_BINARY_DIR}/gen/record.c)
  file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/gen)
  add_custom_command(OUTPUT ${header} ${code}
    COMMAND ${Python3_EXECUTABLE} ${source}/generate.py --header ${header} --code ${code} ${schemas}
    DEPENDS ${source}/generate.py ${schemas}
    COMMENT "generating record.h and record.c from schemas/" VERBATIM)
  add_library(${name} STATIC ${code} ${header})
  target_include_directories(${name} PUBLIC ${view})
  target_link_libraries(${name} PRIVATE ${module_USES})
  # Users of record.h must wait for its generation.
  add_custom_target(${name}_generated DEPENDS ${header} ${code})
  add_dependencies(${name} ${name}_generated)
endfunction()
