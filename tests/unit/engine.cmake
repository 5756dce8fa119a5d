# SPDX-License-Identifier: Apache-2.0
# The parts of the engine, each by itself; the whole of it is run by the end-to-end tests.
tocsin_unit_test(calendar gateway_engine)
tocsin_unit_test(event_json gateway_engine console_site PkgConfig::JANSSON)
tocsin_unit_test(engine_receipts gateway_engine)
tocsin_unit_test(engine_recording gateway_engine gateway_config)
target_link_options(engine_recording_test PRIVATE
  -Wl,--wrap=clock_real_ns,--wrap=log_line,--wrap=recording_segment_block)
tocsin_unit_test(engine_recorder gateway_engine console_site PkgConfig::SQLITE)
tocsin_unit_test(engine_recorder_hang gateway_engine console_site)
target_link_options(engine_recorder_hang_test PRIVATE
  -Wl,--wrap=clock_real_ns,--wrap=log_line,--wrap=journal_store_commit)
tocsin_unit_test(engine_carryover gateway_engine console_site)
tocsin_unit_test(engine_present gateway_engine gateway_config)
tocsin_unit_test(engine_resends gateway_engine)
tocsin_unit_test(engine_restore gateway_engine)
tocsin_unit_test(engine_roster gateway_engine)
tocsin_unit_test(engine_notices gateway_engine console_site)
