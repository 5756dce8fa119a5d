tocsin_unit_test(clock gateway_base)
tocsin_unit_test(confine gateway_base)
tocsin_unit_test(wire gateway_base)
tocsin_unit_test(log gateway_base)
