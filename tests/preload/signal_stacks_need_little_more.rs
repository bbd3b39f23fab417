//! The stack that a signal handler needs, and what of it is the library's.

use crate::support::{Program, Workbench};

/// Below the program's, for a crossing: the frame and the call of the hook, and the vector registers this CPU has.
fn crossing() -> u64 {
    let vectors = if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512bw") {
        32 * 64 + 8 * 8
    } else if is_x86_feature_detected!("avx") {
        16 * 32
    } else {
        16 * 16
    };
    512 + vectors + ALIGNMENT + if cfg!(debug_assertions) { 2 << 10 } else { 0 }
}

/// Vector registers are saved where they are aligned.
const ALIGNMENT: u64 = 64;
/// On the way to a handler.
const DELIVERY: u64 = 384;
/// For a line of the log. Unoptimised code keeps everything on the stack.
const LOG: u64 = if cfg!(debug_assertions) { 10 << 10 } else { 2 << 10 };
/// What the hook of the test needs.
const HOOK: u64 = if cfg!(debug_assertions) { 512 } else { 256 };

struct Setting {
    program: Program,
    /// Ways to look, with what they may need for a handler that makes no call, but returns by one, and for one that does.
    ways: [(Program, u64, u64); 4],
    _bench: Workbench,
}

impl Setting {
    fn new() -> Setting {
        let bench = Workbench::new();
        let program = Program::new(bench.program("stack_of_handlers"));
        let hooked = program.clone().preload([bench.plugin("forwarding_hook")]);
        let observed = hooked.clone().env("OBSERVE", "1");
        let log = |program: &Program| program.clone().env("INTERCEPT_LOG", bench.path("log"));
        let needs = |more: u64| (crossing() + more, DELIVERY + crossing() + more);
        let ways = [
            (program.clone().intercepted(), needs(0)),
            (hooked, needs(HOOK)),
            (observed.clone(), needs(HOOK)),
            (log(&observed), needs(HOOK.max(LOG))),
        ];
        let ways = ways.map(|(way, (returning, calling))| (way, returning, calling));
        Setting { program, ways, _bench: bench }
    }
}

fn needs(program: &Program) -> [u64; 2] {
    let outcome = program.clone().args(["needs"]).run().success().stdout();
    let needs: Vec<u64> = outcome.split_whitespace().map(|number| number.parse().unwrap()).collect();
    needs.try_into().unwrap()
}

#[test]
fn a_handler_needs_no_more_than_is_documented() {
    let setting = Setting::new();
    let bare = needs(&setting.program);
    for (way, returning, calling) in &setting.ways {
        let found = needs(way);
        let more = [found[0] - bare[0], found[1] - bare[1]];
        assert!(more[0] > 500 && more[0] <= *returning, "{more:?} bytes more, {returning} documented, {way:?}");
        assert!(more[1] > 500 && more[1] <= *calling, "{more:?} bytes more, {calling} documented, {way:?}");
    }
}

/// The smallest signal stack there is holds what the kernel puts there, and a handler that needs nearly nothing.
#[test]
fn the_kernels_smallest_signal_stack_and_so_much_more_is_enough() {
    let setting = Setting::new();
    let runs = |program: &Program, more: u64| program.clone().args(["runs", &more.to_string()]).run();
    let bare = runs(&setting.program, 0).success();
    for (way, _, calling) in &setting.ways {
        assert_eq!(runs(way, *calling), bare, "{calling} bytes more, {way:?}");
    }
}
