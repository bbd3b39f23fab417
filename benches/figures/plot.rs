//! The drawing of how start-up grows: two charts with logarithmic axes side by side. Along a line of slope one, twice as much to
//! do takes twice as long.

use std::fmt::Write as _;

/// The name of the point that the line of slope one goes through: the libc that most programs have.
pub(crate) const REFERENCE: &str = "glibc";

/// What a point is one of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Series {
    /// Programs as they are.
    Real,
    /// Made: the more sites, the code being the same.
    Sites,
    /// Made: the more code, the sites being the same.
    Code,
}

/// A program.
#[derive(Debug)]
pub(crate) struct Point {
    pub(crate) name: String,
    pub(crate) series: Series,
    /// What is added to its start.
    pub(crate) milliseconds: f64,
    pub(crate) sites: f64,
    /// Of code.
    pub(crate) megabytes: f64,
}

/// A chart's size, without what is written around it, and where the first one is.
const WIDTH: f64 = 360.0;
const HEIGHT: f64 = 300.0;
const LEFT: f64 = 60.0;
const TOP: f64 = 40.0;
/// From the left of one chart to that of the next.
const STEP: f64 = 450.0;
/// From one line of text to the next.
const LINE: f64 = 15.0;

/// Colours that can be read on white and on black; a reader's browser says which it is.
const STYLE: &str = "\
text { font: 13px sans-serif; fill: #24292f }
.title { font-weight: bold }
.grid { stroke: #8c959f; stroke-opacity: .35 }
.slope { stroke: #8c959f; stroke-dasharray: 5 4 }
circle { fill: #0969da }
.made { fill: none; stroke: #bc4c00; stroke-width: 2 }
circle.made, text.made { fill: #bc4c00; stroke: none }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 } circle { fill: #58a6ff }
.made { stroke: #f0883e } circle.made, text.made { fill: #f0883e }
}";

/// An axis: logarithmic, from a power of ten to another.
struct Axis {
    first: f64,
    last: f64,
    length: f64,
}

impl Axis {
    fn of(figures: impl Iterator<Item = f64> + Clone, length: f64) -> Axis {
        let first = figures.clone().fold(f64::INFINITY, f64::min).log10().floor();
        let last = figures.fold(f64::NEG_INFINITY, f64::max).log10().ceil();
        Axis { first, last: last.max(first + 1.0), length }
    }

    fn place(&self, figure: f64) -> f64 {
        (figure.log10() - self.first) / (self.last - self.first) * self.length
    }

    fn from(&self) -> f64 {
        10_f64.powf(self.first)
    }

    fn to(&self) -> f64 {
        10_f64.powf(self.last)
    }

    fn powers(&self) -> impl Iterator<Item = f64> + use<> {
        (self.first as i32..=self.last as i32).map(|power| 10_f64.powi(power))
    }
}

/// The drawing.
pub(crate) fn svg(points: &[Point]) -> String {
    // Noise may make of next to nothing less than nothing, which has no logarithm.
    let points: Vec<&Point> = points.iter().filter(|point| point.milliseconds > 0.0).collect();
    let (width, height) = (LEFT + STEP + WIDTH + 40.0, TOP + HEIGHT + 60.0);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
         role=\"img\">\n<title>Start-up added, by sites and by code</title>\n<style>\n{STYLE}\n</style>\n"
    );
    if !points.is_empty() {
        let sites = Chart {
            title: "by system call sites",
            series: Series::Sites,
            figure: |point| point.sites,
            made: "made: ever more sites in the same amount of code",
        };
        let code = Chart {
            title: "by MB of code",
            series: Series::Code,
            figure: |point| point.megabytes,
            made: "made: ever more code with the same sites",
        };
        sites.draw(&mut svg, LEFT, &points);
        code.draw(&mut svg, LEFT + STEP, &points);
    }
    svg + "</svg>\n"
}

struct Chart {
    title: &'static str,
    /// Which of those that were made it shows.
    series: Series,
    /// What is laid off to the right.
    figure: fn(&Point) -> f64,
    /// What these are.
    made: &'static str,
}

impl Chart {
    fn draw(&self, svg: &mut String, left: f64, points: &[&Point]) {
        let shown = |point: &&&Point| point.series == Series::Real || point.series == self.series;
        let points: Vec<&Point> = points.iter().filter(shown).copied().collect();
        let across = Axis::of(points.iter().map(|point| (self.figure)(point)), WIDTH);
        let up = Axis::of(points.iter().map(|point| point.milliseconds), HEIGHT);
        let bottom = TOP + HEIGHT;
        let (x, y) = (|figure| left + across.place(figure), |figure| bottom - up.place(figure));

        let title = format!("Start-up added, ms, {}", self.title);
        text(svg, "title", (left, TOP - 16.0), "start", &title);
        for power in up.powers() {
            line(svg, "grid", (left, y(power)), (left + WIDTH, y(power)));
            text(svg, "", (left - 8.0, y(power) + 4.0), "end", &power.to_string());
        }
        for power in across.powers() {
            line(svg, "grid", (x(power), TOP), (x(power), bottom));
            text(svg, "", (x(power), bottom + 20.0), "middle", &power.to_string());
        }
        text(svg, "", (left, bottom + 46.0), "start", self.made);
        if let Some(reference) = points.iter().find(|point| point.name == REFERENCE) {
            let slope = reference.milliseconds / (self.figure)(reference);
            let first = across.from().max(up.from() / slope);
            let last = across.to().min(up.to() / slope);
            line(svg, "slope", (x(first), y(first * slope)), (x(last), y(last * slope)));
        }

        let place = |point: &Point| (x((self.figure)(point)), y(point.milliseconds));
        let made = points.iter().filter(|point| point.series == self.series).map(|point| place(point));
        let made: Vec<(f64, f64)> = made.collect();
        made.windows(2).for_each(|pair| line(svg, "made", pair[0], pair[1]));
        made.iter().for_each(|&place| circle(svg, "made", place));
        if let Some(last) = made.last() {
            text(svg, "made", (last.0 + 9.0, last.1 + 16.0), "start", "made");
        }

        // Names beside their points, on the side where there is room, and none on another: from the lowest up.
        let mut real: Vec<&Point> = points.iter().filter(|point| point.series == Series::Real).copied().collect();
        real.sort_by(|one, other| one.milliseconds.total_cmp(&other.milliseconds));
        let mut above = bottom;
        for point in real {
            let (x, y) = place(point);
            circle(svg, "", (x, y));
            above = (y + 4.0).min(above - LINE);
            let (beside, anchor) = if x > left + WIDTH * 0.5 { (x - 24.0, "end") } else { (x + 24.0, "start") };
            line(svg, "grid", (x, y), (beside, above - 4.0));
            text(svg, "", (beside, above), anchor, &point.name);
        }
    }
}

fn text(svg: &mut String, class: &str, (x, y): (f64, f64), anchor: &str, words: &str) {
    writeln!(svg, r#"<text class="{class}" x="{x:.1}" y="{y:.1}" text-anchor="{anchor}">{words}</text>"#).unwrap();
}

fn line(svg: &mut String, class: &str, (x1, y1): (f64, f64), (x2, y2): (f64, f64)) {
    writeln!(svg, r#"<line class="{class}" x1="{x1:.1}" y1="{y1:.1}" x2="{x2:.1}" y2="{y2:.1}"/>"#).unwrap();
}

fn circle(svg: &mut String, class: &str, (x, y): (f64, f64)) {
    writeln!(svg, r#"<circle class="{class}" cx="{x:.1}" cy="{y:.1}" r="4"/>"#).unwrap();
}
