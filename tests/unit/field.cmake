# The field process: its own structures, and the whole of it between a device and an engine.
tocsin_unit_test(holding gateway_field)
tocsin_unit_test(field gateway_field gateway_config test_field)
