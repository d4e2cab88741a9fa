/* What is declared of each kind of notice: whether it may be refused and what it may hold
 * (domain.md E5, G2).
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef NOTICE_KIND_H
#define NOTICE_KIND_H

#include "record/record.h"

/* A mandatory notice always exists in the app; only its other channels can be refused. */
bool kind_is_mandatory(enum notice_kind kind);

/* Whether a notice of the kind may hold the parameter. */
bool kind_may_hold(enum notice_kind kind, enum param_name name);

#endif
