/* Which planted bug of base/planted.h is on. Programs that link planted.c take the name from the environment
 * variable SANCTIOND_PLANTED when they start; a test may also set it.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_PLANTED_PLANTED_H
#define TESTS_PLANTED_PLANTED_H

#include "base/planted.h"

#include <stdbool.h>

/* The name in lower case, as "rotation_off"; "none". */
const char *planted_name(enum planted bug);
/* False: no bug has this name. */
bool planted_find(const char *name, enum planted *bug_out);

#endif
