# Warnings of the house style, hardening of a release, sanitizers of a debug build.
include(CheckCCompilerFlag)

function(add_flag_if_known flag)
  string(MAKE_C_IDENTIFIER "HAVE${flag}" name)
  check_c_compiler_flag("${flag}" ${name})
  if(${name})
    add_compile_options(${flag})
  endif()
endfunction()

add_compile_definitions(_POSIX_C_SOURCE=200809L)
add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wformat=2
  -Wstrict-prototypes -Wmissing-prototypes -Wvla -Walloca -Wcast-qual -Wpointer-arith -Wundef
  -Wwrite-strings -Wswitch-enum -Wimplicit-fallthrough -Wunused-macros -fno-common
  -Werror=format-security -Werror=implicit -Werror=incompatible-pointer-types
  -Werror=int-conversion -Werror=return-type)
if(SANCTIOND_WERROR)
  add_compile_options(-Werror)
endif()
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
  foreach(flag -Wduplicated-cond -Wduplicated-branches -Wlogical-op -Wjump-misses-init
      -Wcast-align=strict -Wtrampolines -Wbidi-chars=any -Warith-conversion)
    add_flag_if_known(${flag})
  endforeach()
endif()

add_compile_options(-g -fno-delete-null-pointer-checks -fno-strict-overflow -fno-strict-aliasing
  -fexceptions)
if(SANCTIOND_SANITIZE)
  add_compile_options(-O1 -fsanitize=address,undefined -fno-sanitize-recover=all
    -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
else()
  # Assertions stay on: ASSERT of base/assert.h does not depend on NDEBUG.
  set(CMAKE_C_FLAGS_RELEASE "-O2")
  add_compile_options(-fstack-protector-strong -fstack-clash-protection)
  if(CMAKE_BUILD_TYPE STREQUAL "Release")
    add_compile_options(-U_FORTIFY_SOURCE)
    check_c_compiler_flag("-D_FORTIFY_SOURCE=3" HAVE_FORTIFY3)
    add_compile_options(-D_FORTIFY_SOURCE=3)
  endif()
  add_flag_if_known(-fcf-protection=full)
  add_flag_if_known(-ftrivial-auto-var-init=zero)
  add_flag_if_known(-fzero-call-used-regs=used-gpr)
  add_flag_if_known(-fstrict-flex-arrays=3)
  if(CMAKE_SYSTEM_PROCESSOR STREQUAL "aarch64")
    add_flag_if_known(-mbranch-protection=standard)
  endif()
  add_link_options(-pie -Wl,-z,relro,-z,now,-z,noexecstack,-z,nodlopen,-z,separate-code
    -Wl,--as-needed -Wl,--no-copy-dt-needed-entries)
endif()
