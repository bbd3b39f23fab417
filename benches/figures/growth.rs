//! How start-up grows with what there is to patch, as a table and as a drawing. The drawing, and the slopes, are of the fastest
//! starts: they are the same on a busy machine.

use std::fs;
use std::path::PathBuf;

use crate::bench::{Bench, needed};
use crate::machine::OneCpu;
use crate::plot::{self, Point, Series};
use crate::row::{Row, Unit};
use crate::start::{take_turns, told};
use crate::statistics::added;
use crate::way::Way;

/// What is started, and how it is intercepted.
struct Case {
    name: String,
    series: Series,
    program: Result<PathBuf, String>,
    args: &'static [&'static str],
    bare: Way,
    ours: Way,
}

pub(crate) fn rows(bench: &Bench) -> Vec<Row> {
    let _pinned = OneCpu::keep();
    let mut points = Vec::new();
    let mut rows = Vec::new();
    for Case { name, series, program, args, bare, ours } in real(bench).into_iter().chain(made(bench)) {
        let program = match program {
            Ok(program) => program,
            Err(why) => {
                rows.push(Row::impossible(name, &why));
                continue;
            }
        };
        let figures = take_turns(&[bare, ours.clone()], &program, args, bench.rounds(40, 2));
        let (added, told) = (added(&figures[1], &figures[0]), told(&ours, &program, args));
        let (sites, megabytes) = (told.sites, told.code / 1e6);
        let what = format!("{name}: {sites:.0} sites in {megabytes:.1} MB of code");
        rows.push(Row::new(what, added, Unit::MILLISECONDS.added()));
        points.push(Point { name, series, milliseconds: added.fastest.unwrap(), sites, megabytes });
    }
    rows.extend(each_more(
        &points,
        Series::Sites,
        "made: each site more, of the fastest",
        1e3,
        |point| point.sites,
        Unit::MICROSECONDS,
    ));
    rows.extend(each_more(
        &points,
        Series::Code,
        "made: each MB of code more, of the fastest",
        1.0,
        |point| point.megabytes,
        Unit::MILLISECONDS,
    ));
    let file = bench.results().join("growth.svg");
    fs::write(&file, plot::svg(&points)).unwrap();
    rows.push(Row::text("drawn in", file.display().to_string()));
    rows
}

/// What one more of something adds: the slope from the first of a series to its last.
fn each_more(
    points: &[Point],
    series: Series,
    what: &str,
    in_a_millisecond: f64,
    figure: fn(&Point) -> f64,
    unit: Unit,
) -> Option<Row> {
    let mut made = points.iter().filter(|point| point.series == series);
    let (first, last) = (made.next()?, made.next_back()?);
    let slope = (last.milliseconds - first.milliseconds) / (figure(last) - figure(first)) * in_a_millisecond;
    Some(Row::exact(what, slope, unit.added()))
}

/// Programs of this machine: what there is to patch in them is what it is.
fn real(bench: &Bench) -> Vec<Case> {
    let ours = Way::with(bench.library()).without_index();
    let case = |name: &str, program, args, ours| {
        let name = name.to_owned();
        Case { name, series: Series::Real, program, args, bare: Way::bare(), ours }
    };
    let everything = |name, package, args| {
        let way = ours.clone().env("INTERCEPT_ALL_OBJS", "1");
        case(&format!("{name}, all objects"), needed(name, package), args, way)
    };
    vec![
        case("musl", bench.musl_program("nothing"), &[], ours.clone()),
        case(plot::REFERENCE, Ok("/bin/true".into()), &[], ours.clone()),
        everything("python3", "python3", &["-S", "-c", ""]),
        everything("git", "git", &["--version"]),
        everything("clang", "clang", &["--version"]),
        everything("node", "nodejs", &["--version"]),
    ]
}

/// Programs with one more library, which is made so that only one thing grows: the sites, or the code without any.
fn made(bench: &Bench) -> Vec<Case> {
    let case = |(series, groups, more)| {
        let input = bench.made_input(groups, more);
        let bare = Way::with(input);
        let ours = bare.clone().and(bench.library()).without_index();
        let name = format!("glibc and made: {} sites in {} functions", groups * 2, groups * 20 + more);
        Case { name, series, program: Ok("/bin/true".into()), args: &[], bare, ours }
    };
    let sites = [50, 200, 800].map(|groups| (Series::Sites, groups, 18 * (800 - groups)));
    let code = [0, 4_000, 32_000].map(|more| (Series::Code, 10, more));
    // Large ones take the assembler some seconds.
    let fits = |&(_, _, more): &(Series, usize, usize)| !bench.quick || more == 0;
    sites.into_iter().chain(code).filter(fits).map(case).collect()
}
