/* `sanctiond run`.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SANCTIOND_RUN_H
#define SANCTIOND_RUN_H

#include "program/program.h"

int run_main(int argc, char **argv);

#endif
