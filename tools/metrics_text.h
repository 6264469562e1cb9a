/* SPDX-License-Identifier: MIT */
/* A moment as metrics for Prometheus: a text in its exposition format, or in that of OpenMetrics.
 */
#ifndef TOOLS_METRICS_TEXT_H
#define TOOLS_METRICS_TEXT_H

#include "tools/moment.h"

enum metrics_format {
    METRICS_OPENMETRICS, /* OpenMetrics 1.0: the type of a counter is declared without _total */
    METRICS_PROMETHEUS, /* text format 0.0.4, which the textfile collector of node_exporter reads */
    METRICS_FORMATS
};

/* The word by which --format names a format, and the media type under which it is served. */
extern const char *const metrics_format_name[METRICS_FORMATS];
extern const char *const metrics_media_type[METRICS_FORMATS];

/* Writes all metrics of a moment. Exits stand in it only while they are measured. */
void metrics_write(FILE *out, const struct moment *moment, enum metrics_format format);

#endif
