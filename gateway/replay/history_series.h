/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_REPLAY_HISTORY_SERIES_H
#define GATEWAY_REPLAY_HISTORY_SERIES_H

/*
 * One line of an export of VictoriaMetrics
 *
 * It takes line protocol and keeps a series for each field, named <measurement>_<field>
 * (docs.victoriametrics.com, "How to send data from InfluxDB-compatible agents"); `/api/v1/export`
 * gives a JSON object a line ("JSON line format"), each of one series, or of a part of it:
 *
 *     {"metric":{"__name__":"temperature_value","db":"tocsin","gateway":"main","place":"care/club",
 *      "point":"care/club/temperature","site":"s"},"values":[23.1,23.4],"timestamps":[1763770000000,…]}
 *
 * Times are in milliseconds. `temperature_value` and `temperature_quality` are the two fields that the
 * uplink writes of a point; other names are read over. What the two say of one point at one time is
 * put together by who reads the file. Any bytes may come.
 */

#include <jansson.h>

#include "gateway/replay/history_line.h"

struct history_series {
    json_t *root;
    const json_t *values, *timestamps;
    struct history_line head; /* measurement, point, site and gateway, the same for all samples */
    size_t count;
    bool is_quality; /* the samples are qualities, else values */
};

/*
 * Read one line of `size` bytes. HISTORY_DATA gives a series, to be ended by history_series_end();
 * anything else leaves nothing to be ended.
 */
enum history_sort history_series_parse(const char *line, size_t size,
                                       struct history_series *ret_series,
                                       struct history_error *ret_error);

/* Is it JSON of another kind than an export's, the answer of InfluxDB's `/query` among them? */
bool history_series_is_foreign(const char *line, size_t size);

/* Read sample `index` < count; false with *ret_what, static, if it is none. */
bool history_series_sample(const struct history_series *series, size_t index,
                           struct history_line *ret_line, const char **ret_what);

void history_series_end(struct history_series *series);

#endif
