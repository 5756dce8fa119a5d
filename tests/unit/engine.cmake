# SPDX-License-Identifier: Apache-2.0
# The engine's own parts that decide without a socket: the site's calendar and the body of an event.
tocsin_unit_test(calendar gateway_engine)
tocsin_unit_test(event_json gateway_engine console_site PkgConfig::JANSSON)
