//! The library in real processes: one behaviour a module, each named after what it shows.
//!
//! A test compiles a small C program or plugin from `tests/c` at its [`Workbench`](support::Workbench), runs it as a
//! [`Program`](support::Program), and looks at what came out. Where the promise is "as if the library were not there", it runs
//! twice, bare and intercepted. Tools that are missing fail their tests and say which package has them.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod support;

mod a_hook_decides_what_the_program_gets;
mod a_hook_may_call_libc_freely;
mod a_hook_that_faults_is_named_or_switched_off;
mod a_libc_may_be_stripped_renamed_or_gone;
mod a_patched_copy_is_mapped_where_it_fits;
mod a_post_kernel_hook_sees_results;
mod a_program_may_link_the_static_library;
mod a_recording_is_reported_in_many_formats;
mod a_stack_says_who_has_made_a_call;
mod a_static_program_may_open_the_library;
mod a_thread_blocked_in_read_can_be_cancelled;
mod a_trace_may_end_with_counts;
mod a_trace_tells_of_signals_and_ends;
mod an_executable_built_for_pmems_library_runs_unchanged;
mod an_index_changes_how_fast_programs_start;
mod an_unpatchable_site_is_named_and_the_program_runs_on;
mod backtraces_lead_through_a_hook;
mod calls_are_injected_as_strace_does;
mod clone_hooks_know_every_thread_and_process;
mod debian_packages_work_where_they_are_unpacked;
mod every_instruction_may_be_interrupted;
mod every_register_is_as_it_was;
mod every_register_survives_torture;
mod hooks_are_layers_that_come_and_go;
mod hooks_see_what_they_have_subscribed_to;
mod hostile_files_cost_one_line_or_a_table;
mod hostile_variables_change_nothing;
mod intercept_doctor_says_what_would_be_seen;
mod intercept_new_makes_plugins;
mod intercept_run_loads_plugins;
mod intercept_stat_counts_every_call;
mod interception_outlives_a_cleared_environment;
mod no_page_is_writable_and_executable;
mod nothing_that_was_logged_is_lost;
mod plugins_in_rust_change_calls_and_results;
mod plugins_in_rust_keep_states;
mod plugins_see_only_what_they_may;
mod processes_and_threads_are_made_as_ever;
mod programs_die_of_faults_as_ever;
mod programs_in_other_namespaces_are_seen;
mod real_programs_do_not_notice;
mod sanitizers_find_nothing;
mod signal_stacks_need_little_more;
mod signals_find_what_they_would_find;
mod signals_interrupt_intercepted_calls;
mod the_documentation_says_what_is_there;
mod the_environment_chooses_what_is_intercepted;
mod the_examples_do_what_they_say;
mod the_headers_compile_as_c_and_as_cpp;
mod the_installed_library_serves_other_projects;
mod the_intercept_command;
mod the_intercept_command_explains_itself;
mod the_kernel_keeps_its_word;
mod the_log_is_written_as_documented;
mod the_manual_pages_describe_every_symbol;
mod the_program_starts_as_if_nothing_had_happened;
mod the_shared_library_exports_what_is_documented;
mod the_trace_reads_as_strace_prints;
mod two_copies_of_the_engine_share_a_process;
mod unusual_surroundings_change_nothing;
mod what_is_recorded_is_complete;
