//! Everything that makes, replaces or ends a process or a thread.

use crate::support::{Unnoticed, rounds};

#[test]
fn every_kind_of_clone_answers_as_the_kernel_does() {
    Unnoticed::program("raw_clones").everywhere().does(&[]);
}

#[test]
fn spawn_system_popen_and_exec_start_programs_or_fail_as_they_should() {
    Unnoticed::program("starts_programs").does(&[]);
}

#[test]
fn threads_come_and_go_by_the_thousand_and_leave_nothing() {
    Unnoticed::program("many").does(&["threads", &rounds(1_000, 10_000).to_string()]);
}

#[test]
fn processes_come_and_go_by_the_thousand_and_leave_nothing() {
    Unnoticed::program("many").does(&["processes", &rounds(500, 10_000).to_string()]);
}

#[test]
fn detached_threads_free_their_own_stacks() {
    Unnoticed::program("ends").does(&["detached"]);
}

#[test]
fn a_thread_that_leaves_from_inside_runs_its_cleanups() {
    Unnoticed::program("ends").does(&["pthread_exit"]);
}

#[test]
fn a_program_goes_on_when_main_has_left_by_pthread_exit() {
    Unnoticed::program("ends").does(&["pthread_exit from main"]);
}

#[test]
fn exit_ends_threads_that_run_and_threads_that_wait() {
    let program = Unnoticed::program("ends");
    program.does(&["exit"]);
    program.does(&["exit_group"]);
}
