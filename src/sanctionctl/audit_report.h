/* `sanctionctl audit report`, its weekly form.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SANCTIONCTL_AUDIT_REPORT_H
#define SANCTIONCTL_AUDIT_REPORT_H

#include "sanctionctl/period.h"

/* Whether a measure begins with the decision, a warning among them; a shadow's too. */
bool audit_begins_measure(const struct audit *audit);

/* Prints what was decided, appealed and overturned by each rule in each week of the period. */
MUST_CHECK enum status audit_weekly(struct program *program, const struct period *period);

#endif
