//! The table: a row for each figure, with its target beside it.

use crate::statistics::Spread;

/// What became of a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// There is none.
    None,
    Met,
    Missed,
    /// A budget is exceeded, or nobody can tell: the command fails.
    Failed,
    /// It could not be measured here.
    Unknown,
}

/// One line.
#[derive(Debug)]
pub(crate) struct Row {
    what: String,
    figure: String,
    /// The figure is a reason why there is none.
    is_reason: bool,
    middle: String,
    fastest: String,
    bare: String,
    target: String,
    pub(crate) verdict: Verdict,
    quoted: &'static str,
}

/// How a figure is written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Unit {
    name: &'static str,
    digits: usize,
    /// It is a difference: written with its sign.
    signed: bool,
}

impl Unit {
    pub(crate) const NANOSECONDS: Unit = Unit { name: " ns", digits: 1, signed: false };
    pub(crate) const MICROSECONDS: Unit = Unit { name: " us", digits: 2, signed: false };
    pub(crate) const MILLISECONDS: Unit = Unit { name: " ms", digits: 3, signed: false };
    pub(crate) const KILOBYTES: Unit = Unit { name: " kB", digits: 0, signed: false };
    pub(crate) const TIMES: Unit = Unit { name: "x", digits: 3, signed: false };
    pub(crate) const INSTRUCTIONS: Unit = Unit { name: "", digits: 0, signed: false };

    /// So many of something each second.
    pub(crate) const fn per_second(of: &'static str) -> Unit {
        Unit { name: of, digits: 1, signed: false }
    }

    /// The same, of a difference.
    pub(crate) const fn added(self) -> Unit {
        Unit { signed: true, ..self }
    }

    /// A figure in this unit.
    pub(crate) fn write(self, figure: f64) -> String {
        let Unit { name, digits, signed } = self;
        if signed { format!("{figure:+.digits$}{name}") } else { format!("{figure:.digits$}{name}") }
    }
}

impl Row {
    /// A measured figure.
    pub(crate) fn new(what: impl Into<String>, figure: Spread, unit: Unit) -> Row {
        let (low, high) = (unit.write(figure.quarter), unit.write(figure.three_quarters));
        let low = low.trim_end_matches(unit.name);
        let fastest = figure.fastest.map(|fastest| unit.write(fastest)).unwrap_or_default();
        Row { middle: format!("{low} .. {high}"), fastest, ..Row::exact(what, figure.median, unit) }
    }

    /// A figure that is the same each time.
    pub(crate) fn exact(what: impl Into<String>, figure: f64, unit: Unit) -> Row {
        Row { figure: unit.write(figure), ..Row::empty(what.into()) }
    }

    /// Several figures that belong together.
    pub(crate) fn text(what: impl Into<String>, figure: impl Into<String>) -> Row {
        Row { figure: figure.into(), ..Row::empty(what.into()) }
    }

    /// What could not be measured, and why.
    pub(crate) fn impossible(what: impl Into<String>, why: &str) -> Row {
        let why = why.trim().replace(['\n', '|'], " ");
        let figure = format!("not measured: {why}");
        Row { figure, is_reason: true, verdict: Verdict::Unknown, ..Row::empty(what.into()) }
    }

    fn empty(what: String) -> Row {
        let nothing = String::new;
        Row {
            what,
            figure: nothing(),
            is_reason: false,
            middle: nothing(),
            fastest: nothing(),
            bare: nothing(),
            target: nothing(),
            verdict: Verdict::None,
            quoted: "",
        }
    }

    /// The figure of the bare run that this one is compared with.
    pub(crate) fn bare(mut self, figure: f64, unit: Unit) -> Row {
        self.bare = unit.write(figure);
        self
    }

    /// What the issue asks for. A row that could not be measured stays one that could not be.
    pub(crate) fn target(mut self, target: impl Into<String>, met: bool) -> Row {
        self.target = target.into();
        if self.verdict == Verdict::None {
            self.verdict = if met { Verdict::Met } else { Verdict::Missed };
        }
        self
    }

    /// What must not be exceeded.
    pub(crate) fn budget(mut self, budget: impl Into<String>, kept: bool) -> Row {
        self.target = budget.into();
        self.verdict = if kept { Verdict::Met } else { Verdict::Failed };
        self
    }

    /// What pmem's library and zpoline took for the same. Not measured here: [`NOTES`] says so.
    pub(crate) fn quoted(mut self, others: &'static str) -> Row {
        self.quoted = others;
        self
    }

    fn cells(&self) -> [&str; 8] {
        let verdict = match self.verdict {
            Verdict::None => "",
            Verdict::Met => "ok",
            Verdict::Missed => "MISSED",
            Verdict::Failed => "FAILED",
            Verdict::Unknown => "unknown",
        };
        [&self.what, &self.bare, &self.figure, &self.middle, &self.fastest, &self.target, verdict, self.quoted]
    }
}

const HEADS: [&str; 8] = ["what", "bare", "figure", "middle half", "fastest", "target", "", "pmem, zpoline (quoted)"];

/// What stands below the table.
pub(crate) const NOTES: &str = "\
Figures are medians; `+` is what is added to the bare run of the same round; `fastest` is the fastest run, or what it took more
than the fastest bare one. Machines that do something else at the same time, and virtual ones, are noisy: where the middle half
is wide, or the fastest far from the median, run it again. Figures of pmem's library and of zpoline were measured earlier,
once, on another day (AMD Zen 5 VM, Linux 6.18, glibc 2.36); all others now.";

/// Rows as a Markdown table that can be read as it is. Columns without anything in them are left out.
pub(crate) fn table(rows: &[Row]) -> String {
    let lines: Vec<[&str; 8]> = rows.iter().map(Row::cells).collect();
    let used = |column: &usize| lines.iter().any(|cells| !cells[*column].is_empty());
    let columns: Vec<usize> = (0..HEADS.len()).filter(used).collect();
    // Reasons are long, and may stick out.
    let width = |column: usize| {
        let measured = lines.iter().zip(rows).filter(|(_, row)| column != 2 || !row.is_reason);
        measured.map(|(cells, _)| cells[column].chars().count()).chain([HEADS[column].len(), 3]).max().unwrap()
    };
    let widths: Vec<usize> = columns.iter().map(|&column| width(column)).collect();
    let line = |cells: &[&str; 8]| {
        let cells = columns.iter().zip(&widths).map(|(&column, width)| format!(" {:width$} |", cells[column]));
        format!("|{}", cells.collect::<String>())
    };
    let rule = widths.iter().map(|width| format!("{}|", "-".repeat(width + 2))).collect::<String>();
    let body: Vec<String> = lines.iter().map(line).collect();
    format!("{}\n|{rule}\n{}", line(&HEADS), body.join("\n"))
}
