tocsin_unit_test(config gateway_config)
# Our own allocations can be made to fail; those of the libraries cannot.
target_link_options(config_test PRIVATE -Wl,--wrap=calloc)
tocsin_unit_test(config_cases gateway_config)
tocsin_unit_test(config_chains gateway_config)
