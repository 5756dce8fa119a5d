# The console process and the command line that talks to it.
add_library(console_site STATIC support/console_site.c)
target_link_libraries(console_site PUBLIC gateway_base)

tocsin_unit_test(console_body gateway_console console_site)
tocsin_unit_test(console_live gateway_console gateway_cli_console console_site)
tocsin_unit_test(cli_text gateway_cli_console)
tocsin_unit_test(cli_commands gateway_cli)
