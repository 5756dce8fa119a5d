# SPDX-License-Identifier: Apache-2.0
# The journal: what a crash, a full disk and a damaged file leave behind, and reading it.
tocsin_unit_test(journal gateway_journal)
tocsin_unit_test(journal_audit gateway_journal)
tocsin_unit_test(journal_columns gateway_journal)
tocsin_unit_test(journal_damage gateway_journal)
tocsin_unit_test(journal_keep gateway_journal)
tocsin_unit_test(journal_reader gateway_journal)
tocsin_unit_test(journal_recall gateway_journal)
tocsin_unit_test(journal_restore gateway_journal)
target_link_options(journal_restore_test PRIVATE
  -Wl,--wrap=write,--wrap=fsync,--wrap=rename,--wrap=renameat,--wrap=unlinkat,--wrap=sqlite3_exec)
tocsin_unit_test(journal_room gateway_journal)
target_link_options(journal_room_test PRIVATE -Wl,--wrap=log_line)
tocsin_unit_test(journal_salvage gateway_journal)
tocsin_unit_test(journal_schema gateway_journal)
tocsin_unit_test(journal_seal gateway_journal)
target_link_options(journal_seal_test PRIVATE -Wl,--wrap=journal_ledger_fill)
tocsin_unit_test(journal_witness gateway_journal)
set_tests_properties(unit.journal unit.journal_damage unit.journal_recall unit.journal_room
  PROPERTIES TIMEOUT 300)
