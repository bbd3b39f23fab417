//! The contract of the hook, and of the way past it.

use crate::support::Workbench;

#[test]
fn a_handled_call_gets_the_result_of_the_hook_and_others_go_to_the_kernel() {
    Workbench::new().holds("hook_results");
}

#[test]
fn all_six_arguments_arrive_and_numbers_mean_what_they_mean_to_the_kernel() {
    Workbench::new().holds("arguments");
}

#[test]
fn calls_past_the_hook_are_raw_and_unseen() {
    Workbench::new().holds("no_intercept");
}
