/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_REPLAY_HISTORY_FORMAT_H
#define GATEWAY_REPLAY_HISTORY_FORMAT_H

/*
 * What an export is, by how it begins
 *
 * Databases write their contents in many ways. Two are read; what else a person is likely to have at
 * hand is told apart, so that it can be said what is wanted instead.
 */

#include <stddef.h>

enum history_format {
    HISTORY_FORMAT_EMPTY,      /* nothing, or blank lines alone */
    HISTORY_FORMAT_LINES,      /* line protocol, or anything that is none of the others */
    HISTORY_FORMAT_SERIES,     /* VictoriaMetrics: a JSON object of a series in each line */
    HISTORY_FORMAT_COMPRESSED, /* gzip (RFC 1952, 2.3.1) */
    HISTORY_FORMAT_WIDE,       /* UTF-16, by its byte order mark */
    HISTORY_FORMAT_TABLE,      /* CSV, InfluxDB's annotated one too */
    HISTORY_FORMAT_JSON,       /* of another kind: the answer to a query */
};

/* How many bytes of a byte order mark of UTF-8 a text begins with: 3 or 0. It may be read over. */
size_t history_mark_size(const char *text, size_t size);

/* What a file is whose first line that is not blank is this, behind its mark. */
enum history_format history_format_of(const char *line, size_t size);

#endif
