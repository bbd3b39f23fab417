#![no_main]

#[path = "../../tests/hostile_input/mod.rs"]
mod hostile_input;
#[path = "../../tests/locator_code/promises.rs"]
mod promises;

syscall_intercept::for_analysis_only!();

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    hostile_input::notes(input);
});
