# The console process and the command line that talks to it.
tocsin_unit_test(order_body gateway_console)
tocsin_unit_test(resend_body gateway_console)
tocsin_unit_test(console_body gateway_console console_site)
tocsin_unit_test(console_rules gateway_console gateway_engine gateway_config)
tocsin_unit_test(console_live gateway_console gateway_cli_console console_site)
tocsin_unit_test(cli_text gateway_cli_console)
tocsin_unit_test(cli_commands gateway_cli)
