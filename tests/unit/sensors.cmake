# Drivers of sensors/, with devices and sinks of our own making.
add_library(test_field STATIC
  ${CMAKE_CURRENT_SOURCE_DIR}/support/bus_host.c
  ${CMAKE_CURRENT_SOURCE_DIR}/support/misbehaving_device.c
  ${CMAKE_CURRENT_SOURCE_DIR}/support/sink_recorder.c
)
target_link_libraries(test_field PUBLIC sensors)
target_compile_definitions(test_field PRIVATE _GNU_SOURCE)

tocsin_unit_test(registers sensors)
tocsin_unit_test(modbus_plan sensors)
tocsin_unit_test(modbus_frame sensors)
tocsin_unit_test(modbus_image test_field)
tocsin_unit_test(schedule sensors)
tocsin_unit_test(payload sensors)
tocsin_unit_test(message_queue sensors)
tocsin_unit_test(modbus_bus test_field)
tocsin_unit_test(modbus_poller test_field)
tocsin_unit_test(modbus_line test_field)
tocsin_unit_test(modbus_outputs sensors)
tocsin_unit_test(mqtt_source test_field)
