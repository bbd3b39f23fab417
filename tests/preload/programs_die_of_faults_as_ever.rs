//! Programs that leave the signals of faults at their default do not notice that the library has not.

use crate::support::Unnoticed;

#[test]
fn with_the_same_status_and_signal() {
    Unnoticed::program("dies_by_fault").does(&["deaths"]);
}

#[test]
fn and_are_told_that_they_have_the_default() {
    Unnoticed::program("dies_by_fault").does(&["queries"]);
}

#[test]
fn also_those_that_are_started_by_others() {
    Unnoticed::program("dies_by_fault").does(&["inherited"]);
}
