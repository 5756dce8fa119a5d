# The uplink process: what it decides, and its line to a real broker.
add_library(test_broker STATIC support/broker.c)
target_link_libraries(test_broker PUBLIC gateway_base)
target_compile_definitions(test_broker PRIVATE _GNU_SOURCE)

tocsin_unit_test(topic gateway_uplink)
tocsin_unit_test(uplink_json gateway_uplink PkgConfig::JANSSON)
tocsin_unit_test(uplink_reconnect gateway_uplink)
tocsin_unit_test(uplink_outbox gateway_uplink)
tocsin_unit_test(uplink_board gateway_uplink)
tocsin_unit_test(uplink_feeder gateway_uplink console_site PkgConfig::JANSSON)
tocsin_unit_test(uplink_process gateway_uplink gateway_config test_broker)
tocsin_unit_test(mqtt_link gateway_uplink test_broker)
set_tests_properties(unit.mqtt_link unit.uplink_process PROPERTIES TIMEOUT 300)
